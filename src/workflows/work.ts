/** What does the work of an experiment consist of? Provision, prove ready, run the steps, with failover beside them. */
import { condition, workflowInfo } from '@temporalio/workflow';
import { stepUnderWay } from '../policy/return-to-spot';
import type { StepSpec } from '../schemas/experiment';
import { attend } from './attend';
import { keep } from './ending';
import type { Failover } from './failover';
import type { Provisioning } from './fill';
import { guarded, isWhole } from './guard';
import { armNewNodes } from './lease';
import { provisionNodes, replaceNodes, type Provisioned } from './provision';
import { proveReady, type Cascade } from './readiness';
import type { Run } from './run';
import { publish, setNodes, setPhase, setRecovering, tell } from './run-state';
import { runSteps } from './steps';
import { keepSentinel, nameNodes } from './upkeep';
import { knowVolumes } from './volumes';

/** Goes on until the steps are done or, without steps, until it is released. */
export async function labour(run: Run): Promise<void> {
  const { state, admission } = run;
  await keep(run, 'spec.json', admission.spec);
  setPhase(state, 'Provisioning');
  const provisioning = provisioningOf(run);
  const provisioned = await provisionNodes(provisioning);
  setNodes(state, provisioned.nodes, provisioned.spares);
  state.status.region = provisioned.nodes[0]?.region ?? '';
  setPhase(state, 'Configuring');
  const cascade = cascadeOf(run, provisioning, provisioned);
  const nodes = await knowVolumes(provisioning, await proveReady(cascade, provisioned.nodes));
  setNodes(state, nodes);
  setPhase(state, 'Ready');
  // Until now every look at the nodes saw for itself which of them had ended.
  void keepSentinel(run, [...nodes, ...provisioned.spares]);
  const naming = nameNodes(cascade, [...nodes, ...provisioned.spares]);
  void armNewNodes(run, [...nodes, ...provisioned.spares]);
  const failover = failoverOf(run, { provisioning, provisioned, cascade });
  const stepNow = (): StepSpec | undefined => stepUnderWay(admission.spec.steps, state.status.steps);
  const unattend = attend(failover, stepNow);
  await guarded(failover, () => workOn(run, failover)).finally(unattend);
  await naming;
}

async function workOn(run: Run, failover: Failover): Promise<void> {
  const { state, admission } = run;
  const { spec, target } = admission;
  const { status } = state;
  if (spec.steps.length === 0) {
    await condition(() => run.controls.released);
    return;
  }
  setPhase(state, 'Running');
  await runSteps({
    target,
    experimentId: status.experimentId,
    firstRunId: workflowInfo().firstExecutionRunId,
    spec,
    nodes: () => status.nodes,
    replaced: () =>
      status.interruptions.filter((record) => record.newInstance !== undefined).map((record) => record.slot),
    whole: () => condition(() => isWhole(failover)),
    taken: (gone) => condition(() => !status.nodes.some((node) => gone.has(node.instanceId))),
    outcomes: () => status.steps,
    onStep: (outcome) => {
      status.steps = [...status.steps, outcome];
      tell(state, `step ${outcome.name} on ${outcome.slot} exited ${String(outcome.exitCode)}`);
    },
    onEvent: (text) => {
      tell(state, text);
    },
  });
  setPhase(state, 'Collecting');
}

function failoverOf(run: Run, parts: Pick<Failover, 'provisioning' | 'provisioned' | 'cascade'>): Failover {
  const { state, controls } = run;
  const { status } = state;
  return {
    ...parts,
    reported: controls.reported,
    waiting: [],
    records: status.interruptions,
    active: 0,
    warm: [],
    vacant: [],
    nodes: () => status.nodes,
    spares: () => status.spares,
    progress: () => status.progress,
    show: ({ nodes = status.nodes, spares = status.spares, progress = status.progress }) => {
      status.progress = progress;
      setNodes(state, nodes, spares);
    },
    name: (nodes) => {
      void nameNodes(parts.cascade, nodes);
      void armNewNodes(run, nodes);
    },
    onActive: (isActive) => {
      setRecovering(state, isActive);
    },
  };
}

function provisioningOf(run: Run): Provisioning {
  const { state, admission, ownership } = run;
  return {
    target: admission.target,
    spec: admission.spec,
    ownership,
    onAttempt: (attempt) => {
      state.status.attempts = [...state.status.attempts, attempt];
      publish(state);
    },
    onEvent: (text) => {
      tell(state, text);
    },
  };
}

function cascadeOf(run: Run, provisioning: Provisioning, provisioned: Provisioned): Cascade {
  const { state, admission } = run;
  return {
    target: admission.target,
    experimentId: state.status.experimentId,
    spec: admission.spec,
    onProgress: (progress) => {
      state.status.progress = progress;
      publish(state);
    },
    onEvent: (text) => {
      tell(state, text);
    },
    replace: async (lost) => {
      const fresh = await replaceNodes(provisioning, provisioned, lost);
      const lostIds = new Set(lost.map(({ node }) => node.instanceId));
      setNodes(state, [...state.status.nodes.filter((node) => !lostIds.has(node.instanceId)), ...fresh]);
      return fresh;
    },
  };
}
