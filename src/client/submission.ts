/** Is a spec fit to be sent, and what does the Temporal UI show of it before it runs? */
import type { ExperimentInput, TemplateInput } from '../schemas/experiment';
import { layerProblems, parseExperiment } from '../schemas/parse';
import { HoldfastError } from './errors';
import { staticDetails, staticSummary } from './summary';

interface Submission {
  /** What a generated id begins with. */
  name: string;
  /** The static summary and details. */
  shown: { staticSummary: string; staticDetails?: string };
}

/**
 * Rejects a wrong spec with one line per mistake. Templates and profiles are the worker's: of a spec that names one,
 * each field is checked here, and the whole there.
 */
export function submissionOf(input: ExperimentInput | TemplateInput): Submission {
  if (input.template !== undefined || input.profile !== undefined) return layeredSubmission(input);
  const parsed = parseExperiment(input);
  if (!parsed.ok) throw refused(parsed.problems);
  const { value } = parsed;
  return { name: value.name, shown: { staticSummary: staticSummary(value), staticDetails: staticDetails(value) } };
}

function layeredSubmission(input: ExperimentInput | TemplateInput): Submission {
  const problems = layerProblems(input);
  if (problems.length > 0) throw refused(problems);
  const { template, profile, name, owner } = input;
  const facts = [
    ...(template === undefined ? [] : [`template ${template}`]),
    ...(profile === undefined ? [] : [`profile ${profile}`]),
    ...(owner === undefined ? [] : [owner]),
  ];
  return { name: name ?? template ?? 'experiment', shown: { staticSummary: facts.join(' · ') } };
}

function refused(lines: string[]): HoldfastError {
  return new HoldfastError('refused', 'the spec is wrong', { lines });
}
