/** A simulated world without server or waiting: handlers are called directly, and the clock is moved by hand. */
import { AwsError } from '../../src/simulator/errors';
import { ec2Operations } from '../../src/simulator/ec2';
import { runControl } from '../../src/simulator/control';
import { ControlError } from '../../src/simulator/control/input';
import { ledgerDocument, type LedgerDocument } from '../../src/simulator/ledger-document';
import type { ScenarioPatch } from '../../src/simulator/scenario';
import { loadScenario } from '../../src/simulator/scenario-load';
import { taggingOperations } from '../../src/simulator/tagging';
import { clearAgenda, runDue } from '../../src/simulator/world/agenda';
import type { World } from '../../src/simulator/world/state';
import { createWorld } from '../../src/simulator/world/world';

type Reply = Record<string, unknown>;

export interface Clockwork {
  world: World;
  /** Calls an operation of us-west-2: of EC2, or GetResources. */
  call(operation: string, input: Reply): Promise<Reply>;
  /** The code that the call is refused with. */
  refused(operation: string, input: Reply): Promise<string>;
  /** Launches machines, spot unless told, in the zone; gives their ids in the order of the launch. */
  launch(
    count: number,
    more?: { zone?: string; type?: string; market?: string; tags?: Reply; input?: Reply },
  ): Promise<string[]>;
  control(path: string, body: unknown): Reply;
  /** The status and the line that a control call is refused with. */
  refusal(path: string, body: unknown): string;
  read(path: string, query?: Reply): Reply;
  ledger(): LedgerDocument;
  /** Lets so many seconds pass, with everything that happens in them at its time. */
  pass(seconds: number): void;
  /** Seconds since the start. */
  now(): number;
  stop(): void;
}

const START = Date.UTC(2026, 0, 1, 12);

/** Machines are up at once unless the scenario says otherwise. */
export function clockwork(patch: ScenarioPatch = {}): Clockwork {
  let now = START;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
  const delays = { launchCall: [0, 0], pendingToRunning: [0, 0], statusChecks: [0, 0] } as const;
  const scenario = loadScenario({ ...patch, delays: { ...delays, ...patch.delays } });
  const world = createWorld(scenario, { exec: false, dir: '/nowhere' });
  const ctx = { world, region: 'us-west-2', account: world.account };
  const call = async (operation: string, input: Reply): Promise<Reply> => {
    runDue(world.agenda, now);
    const handler = ec2Operations[operation] ?? taggingOperations[operation];
    if (!handler) throw new Error(`no operation ${operation}`);
    return handler(input, ctx);
  };
  const control = (path: string, body: unknown): Reply => runControl(world, 'POST', path, body) as Reply;
  return {
    world,
    call,
    refused: async (operation, input) => {
      try {
        await call(operation, input);
      } catch (error) {
        if (error instanceof AwsError) return error.code;
        throw error;
      }
      return 'not refused';
    },
    launch: async (count, { zone = 'us-west-2a', type = 't3.small', market = 'spot', tags = {}, input = {} } = {}) => {
      const { Images } = (await call('DescribeImages', {
        Owners: ['099720109477'],
        Filters: [{ Name: 'architecture', Values: ['x86_64'] }],
      })) as { Images: { ImageId: string }[] };
      const { Instances } = (await call('RunInstances', {
        ImageId: Images[0]?.ImageId,
        InstanceType: type,
        MinCount: count,
        MaxCount: count,
        Placement: { AvailabilityZone: zone },
        ...(market === 'spot' ? { InstanceMarketOptions: { MarketType: 'spot' } } : {}),
        TagSpecifications: [
          {
            ResourceType: 'instance',
            Tags: Object.entries({ made: 'yes', ...tags }).map(([Key, Value]) => ({ Key, Value })),
          },
        ],
        ...input,
      })) as { Instances: { InstanceId: string }[] };
      return Instances.map(({ InstanceId }) => InstanceId);
    },
    control,
    refusal: (path, body) => {
      try {
        control(path, body);
      } catch (error) {
        if (error instanceof ControlError) return `${error.status} ${error.message}`;
        throw error;
      }
      throw new Error('the control call was not refused');
    },
    read: (path, query = {}) => runControl(world, 'GET', path, query) as Reply,
    ledger: () => ledgerDocument(world),
    pass: (seconds) => {
      const until = now + seconds * 1000;
      for (let at = world.agenda.events[0]?.at; at !== undefined && at <= until; at = world.agenda.events[0]?.at) {
        now = Math.max(now, at);
        runDue(world.agenda, now);
      }
      now = until;
    },
    now: () => (now - START) / 1000,
    stop: () => {
      clearAgenda(world.agenda);
      clock.mockRestore();
    },
  };
}
