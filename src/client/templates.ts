/** How does the start form of the Temporal UI come to be filled? With the newest run of an id, of which each template has one. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { EXPERIMENT_ID, MEMO, templateWorkflowId } from '../contracts/names';
import type { ExperimentInput, TemplateInput } from '../schemas/experiment';
import { HoldfastError } from './errors';
import { specDigest } from './request';
import { submissionOf } from './submission';

type Spec = ExperimentInput | TemplateInput;
/** Specs by the name of their template. */
export type Templates = Readonly<Record<string, Spec>>;

/** Templates whose run is missing, forgotten by Temporal, or of another spec. */
export async function missingTemplates(client: Client, templates: Templates): Promise<Templates> {
  const whole = Object.entries(templates).filter(([name, spec]) => isWhole(name, spec));
  const shown = await Promise.all(whole.map(([name]) => shownDigest(client, templateWorkflowId(name))));
  return Object.fromEntries(whole.filter(([, spec], index) => shown[index] !== specDigest(spec)));
}

/** A template that only makes sense with something above it could not be started as it stands. */
function isWhole(name: string, spec: Spec): boolean {
  try {
    submissionOf(spec);
    return EXPERIMENT_ID.test(templateWorkflowId(name));
  } catch (error) {
    if (error instanceof HoldfastError) return false;
    throw error;
  }
}

/** The spec that the newest run of an id shows; undefined when there is none, or a person ran it. */
async function shownDigest(client: Client, id: string): Promise<unknown> {
  try {
    return (await client.workflow.getHandle(id).describe()).memo?.[MEMO.template];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Starts the run of each, which makes nothing and ends at once when a worker is there. */
export async function showTemplates(client: Client, taskQueue: string, templates: Templates): Promise<void> {
  const entries = Object.entries(templates);
  await Promise.all(entries.map(([name, spec]) => show({ client, taskQueue }, name, spec)));
}

async function show(place: { client: Client; taskQueue: string }, name: string, spec: Spec): Promise<void> {
  const { staticDetails } = submissionOf(spec).shown;
  try {
    await place.client.workflow.start('experiment', {
      workflowId: templateWorkflowId(name),
      taskQueue: place.taskQueue,
      args: [spec],
      memo: { [MEMO.template]: specDigest(spec) },
      staticSummary: `template ${name}`,
      ...(staticDetails === undefined ? {} : { staticDetails }),
    });
  } catch (error) {
    // Somebody runs an experiment of this id: the form shows theirs, and after the next set-up this one again.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
