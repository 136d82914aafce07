/** A running simulator and EC2 clients of it, for tests of the EC2 side. Everything is closed after each file. */
import {
  CreateFleetCommand,
  CreateLaunchTemplateCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  EC2Client,
  type CreateFleetCommandInput,
  type FleetLaunchTemplateOverridesRequest,
  type Instance,
} from '@aws-sdk/client-ec2';
import { startSimulator, type LedgerDocument, type Simulator, type SimulatorOptions } from '../../src/simulator';

export interface Rig {
  simulator: Simulator;
  ec2: EC2Client;
  /** A client of another region or account (12 digits). */
  client(region: string, account?: string): EC2Client;
  ledger(): Promise<LedgerDocument>;
  /** Posts to `/_sim/<path>`; gives status and JSON. */
  control(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  close(): Promise<void>;
}

export async function startRig(scenario: SimulatorOptions['scenario'] = 'quick'): Promise<Rig> {
  const simulator = await startSimulator({ scenario });
  const clients: EC2Client[] = [];
  const client = (region: string, account = 'test'): EC2Client => {
    const made = new EC2Client({
      region,
      endpoint: simulator.url,
      credentials: { accessKeyId: account, secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    clients.push(made);
    return made;
  };
  return {
    simulator,
    ec2: client('us-west-2'),
    client,
    ledger: async () => (await (await fetch(`${simulator.url}/_sim/ledger`)).json()) as LedgerDocument,
    control: async (path, body) => {
      const reply = await fetch(`${simulator.url}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) });
      return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
    },
    close: async () => {
      for (const made of clients) made.destroy();
      await simulator.close();
    },
  };
}

/** The newest Ubuntu image of the region for an architecture. */
export async function imageId(ec2: EC2Client, arch: 'x86_64' | 'arm64' = 'x86_64'): Promise<string> {
  const { Images } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ['099720109477'],
      Filters: [
        { Name: 'name', Values: ['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-*'] },
        { Name: 'architecture', Values: [arch] },
      ],
    }),
  );
  return Images?.at(-1)?.ImageId ?? '';
}

/** Makes a launch template named `name` with an image and a profile. */
export async function template(ec2: EC2Client, name: string, data: Record<string, unknown> = {}): Promise<void> {
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: name,
      LaunchTemplateData: { ImageId: await imageId(ec2), IamInstanceProfile: { Name: 'node' }, ...data },
    }),
  );
}

/** The input of a spot fleet of `target` instances over pools. */
export function fleetInput(
  name: string,
  target: number,
  overrides: FleetLaunchTemplateOverridesRequest[],
  more: Partial<CreateFleetCommandInput> = {},
): CreateFleetCommandInput {
  return {
    Type: 'instant',
    LaunchTemplateConfigs: [
      { LaunchTemplateSpecification: { LaunchTemplateName: name, Version: '$Latest' }, Overrides: overrides },
    ],
    TargetCapacitySpecification: { TotalTargetCapacity: target, DefaultTargetCapacityType: 'spot' },
    SpotOptions: { AllocationStrategy: 'price-capacity-optimized' },
    ...more,
  };
}

export async function fleet(ec2: EC2Client, input: CreateFleetCommandInput) {
  const { Instances = [], Errors = [], FleetId = '' } = await ec2.send(new CreateFleetCommand(input));
  return {
    ids: Instances.flatMap(({ InstanceIds }) => InstanceIds ?? []),
    instances: Instances,
    errors: Errors,
    fleetId: FleetId,
  };
}

export async function instances(ec2: EC2Client, ids: string[]): Promise<Instance[]> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: ids }));
  return Reservations.flatMap(({ Instances }) => Instances ?? []);
}

/** Waits until the probe is true; fails after five seconds, far beyond the delays of `quick`. */
export async function until(probe: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await probe())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The code of the error that a call is refused with; fails when it is not refused. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
  throw new Error('the call was not refused');
}
