/** Where does the Temporal UI show things? Addresses only: nothing is asked. */
import { TASK_QUEUE, templateWorkflowId } from '../contracts/names';

/** Pages of the Temporal UI for one namespace. */
export interface UiLinks {
  /** The list of all experiments, newest first. */
  experiments: string;
  /** The list of experiments to which a filter of Temporal's applies, such as `HoldfastPhase='Held'`. */
  filtered(filter: string): string;
  /** The start form with type and queue filled in. */
  startExperiment: string;
  /** The newest run of a workflow id. */
  workflow(id: string): string;
  /** The start form filled with a template, once `setup` has put it there. */
  startTemplate(name: string): string;
  /** The start form for any workflow type. */
  start(workflowType: string): string;
}

const EXPERIMENTS = "WorkflowType='experiment'";

/** Links below a UI's base address, e.g. `http://127.0.0.1:8233`. */
export function uiLinks(base: string, namespace: string): UiLinks {
  const root = `${base.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  const start = (type: string): string =>
    `${root}/start-workflow?workflowType=${encodeURIComponent(type)}&taskQueue=${encodeURIComponent(TASK_QUEUE)}`;
  const list = (query: string): string => `${root}?query=${encodeURIComponent(query)}`;
  return {
    experiments: list(EXPERIMENTS),
    filtered: (filter) => list(`${EXPERIMENTS} AND ${filter}`),
    startExperiment: start('experiment'),
    startTemplate: (name) => `${start('experiment')}&workflowId=${encodeURIComponent(templateWorkflowId(name))}`,
    workflow: (id) => `${root}/${encodeURIComponent(id)}`,
    start,
  };
}

/** The dev server's UI listens 1,000 ports above its frontend (7233 and 8233). */
const UI_PORT_OFFSET = 1000;

/** The UI that belongs to a frontend address when none was configured: Temporal Cloud's, or the dev server's rule. */
export function guessUi(address: string): string {
  if (/\.(tmprl\.cloud|api\.temporal\.io)(:\d+)?$/.test(address)) return 'https://cloud.temporal.io';
  const { hostname, port } = new URL(`http://${address}`);
  return `http://${hostname}:${String(Number(port === '' ? '80' : port) + UI_PORT_OFFSET)}`;
}
