/** On what does an ordeal take place? A simulator and a killable worker that serve one ordeal after another. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { sentinelWorkflowId, capacityWorkflowId } from '../../src/contracts/names';
import { eventually, startLab, type Lab } from '../support/lab';
import { startWorkerProcess } from '../support/worker-process';
import type { Ordeal } from './draw';

export interface Lane {
  lab: Lab;
  /** Empties the world and makes it the ordeal's, with nothing remembered of the last one. */
  begin(ordeal: Ordeal): Promise<void>;
  killWorker(downMs: number): Promise<void>;
  /** Ends the sentinel as a person does in the UI; resolves when an experiment brought it back, or gives up on that. */
  killSentinel(): Promise<void>;
  killMemory(): Promise<void>;
  close(): Promise<void>;
}

const REGION = 'us-west-2';
/** So that what takes AWS minutes is seen within a second; one that an experiment starts again has its own pace. */
const EVERY = { spot: '500ms', instances: '1s', status: '2s', discovery: '1s', agents: '5s', idle: '10m' };

/** Experiments look every 30 s whether it runs; on a busy machine a little later. */
const BACK_MS = 45_000;

export async function openLane(): Promise<Lane> {
  const lab = await startLab({ worker: false });
  let worker = await startWorkerProcess(lab);
  const target = { account: '123456789012', endpoint: lab.simulatorUrl };
  const ids = { sentinel: sentinelWorkflowId(target, REGION), memory: capacityWorkflowId(target, REGION) };
  const kill = async (workflow: keyof typeof ids): Promise<void> => {
    await lab.client.workflow
      .getHandle(ids[workflow])
      .terminate('chaos')
      .catch(() => undefined);
  };
  /** An experiment that runs may be quicker with one of its own. */
  const watch = async (): Promise<void> => {
    const start = async (): Promise<true | undefined> => {
      await kill('sentinel');
      const started = lab.start('sentinel', { region: REGION, every: EVERY, target }, ids.sentinel);
      return started.then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
          return undefined;
        },
      );
    };
    await eventually(start, BACK_MS);
  };
  const runs = async (id: string): Promise<boolean> => {
    const { status } = await lab.client.workflow.getHandle(id).describe();
    return status.name === 'RUNNING';
  };
  return {
    lab,
    killSentinel: async () => {
      await kill('sentinel');
      const isBack = await eventually(async () => ((await runs(ids.sentinel)) ? true : undefined), BACK_MS).catch(
        () => false,
      );
      // Its own pace is AWS's; machines here live for seconds.
      if (isBack) await watch();
    },
    killMemory: () => kill('memory'),
    begin: async ({ scenario, seed }) => {
      await kill('memory');
      await lab.control('reset', { scenario, seed });
      await watch();
    },
    killWorker: async (downMs) => {
      await worker.kill();
      await new Promise((resolve) => setTimeout(resolve, downMs));
      worker = await startWorkerProcess(lab);
    },
    close: async () => {
      await kill('sentinel');
      await kill('memory');
      await worker.kill();
      await lab.close();
    },
  };
}
