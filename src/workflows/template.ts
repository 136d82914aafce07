/** What is an experiment that only stands in the start form of the Temporal UI? Checked, and over before it makes anything. */
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { MEMO } from '../contracts/names';
import { reads } from './activity-proxies';
import { admitted } from './failure';

/** The form cannot set a memo, so what is started from it, or like this run, is never taken for one. */
export function isTemplate(): boolean {
  return workflowInfo().memo?.[MEMO.template] !== undefined;
}

/** Checks the spec as for a run. It sets no search attribute, since the form would copy them. */
export async function showTemplate(input: unknown): Promise<{ template: string }> {
  const { spec } = await admitted(() =>
    reads.admitExperiment.executeWithOptions({ summary: 'check the template' }, [input]),
  );
  setCurrentDetails(
    `**A template**, and no experiment: ${spec.name} was checked and nothing was made. The start form takes its input.`,
  );
  return { template: spec.name };
}
