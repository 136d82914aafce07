/** A running simulator with clients, a way to launch nodes and one to run scripts on them: for tests of nodes, SSM and tags. */
import { DescribeImagesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  SSMClient,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import type { GetCommandInvocationCommandOutput } from '@aws-sdk/client-ssm';
import { startSimulator } from '../../src/simulator';
import type { LedgerDocument, ScenarioPatch } from '../../src/simulator';

export interface Lab {
  url: string;
  ec2: EC2Client;
  ssm: SSMClient;
  tagging: ResourceGroupsTaggingAPIClient;
  /** Starts instances; with `profile: false` they have no instance profile. */
  launch(options?: { count?: number; profile?: boolean; tags?: Record<string, string> }): Promise<string[]>;
  /** Starts instances and waits until their agents answer. */
  launchOnline(options?: { count?: number; tags?: Record<string, string> }): Promise<string[]>;
  /** Runs a script through SSM and waits for its end. */
  shell(instanceId: string, script: string): Promise<GetCommandInvocationCommandOutput>;
  control(path: string, body?: unknown): Promise<unknown>;
  ledger(): Promise<LedgerDocument>;
  close(): Promise<void>;
}

const REGION = 'us-west-2';

export async function openLab(scenario: ScenarioPatch = {}, options: { exec?: boolean } = {}): Promise<Lab> {
  const simulator = await startSimulator({ scenario, ...options });
  const { url } = simulator;
  const config = {
    region: REGION,
    endpoint: url,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  const ec2 = new EC2Client(config);
  const ssm = new SSMClient(config);
  const tagging = new ResourceGroupsTaggingAPIClient(config);
  const lab: Lab = {
    url,
    ec2,
    ssm,
    tagging,
    launch: async ({ count = 1, profile = true, tags = {} } = {}) => {
      const { Instances = [] } = await ec2.send(
        new RunInstancesCommand({
          MinCount: count,
          MaxCount: count,
          InstanceType: 't3.micro',
          ImageId: await anImage(ec2),
          ...(profile ? { IamInstanceProfile: { Name: 'node' } } : {}),
          TagSpecifications: [
            {
              ResourceType: 'instance',
              Tags: Object.entries({ by: 'test', ...tags }).map(([Key, Value]) => ({ Key, Value })),
            },
          ],
        }),
      );
      return Instances.map(({ InstanceId = '' }) => InstanceId);
    },
    launchOnline: async (launch) => {
      const ids = await lab.launch(launch);
      await eventually(async () => {
        const online = await onlineIds(ssm);
        if (!ids.every((id) => online.includes(id))) throw new Error(`online: ${online.join(' ')}`);
      });
      return ids;
    },
    shell: async (instanceId, script) => {
      const sent = await ssm.send(
        new SendCommandCommand({
          InstanceIds: [instanceId],
          DocumentName: 'AWS-RunShellScript',
          Parameters: { commands: [script] },
        }),
      );
      const id = sent.Command?.CommandId ?? '';
      return eventually(async () => {
        const seen = await ssm.send(new GetCommandInvocationCommand({ CommandId: id, InstanceId: instanceId }));
        if (/Pending|InProgress|Cancelling/.test(seen.Status ?? '')) throw new Error(`still ${String(seen.Status)}`);
        return seen;
      });
    },
    control: async (path, body) => {
      const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      return (await fetch(`${url}/_sim/${path}`, init)).json();
    },
    ledger: async () => (await lab.control('ledger')) as LedgerDocument,
    close: async () => {
      for (const client of [ec2, ssm, tagging]) client.destroy();
      await simulator.close();
    },
  };
  return lab;
}

async function anImage(ec2: EC2Client): Promise<string> {
  const found = await ec2.send(
    new DescribeImagesCommand({ Owners: ['099720109477'], Filters: [{ Name: 'architecture', Values: ['x86_64'] }] }),
  );
  return found.Images?.[0]?.ImageId ?? '';
}

export async function onlineIds(ssm: SSMClient): Promise<string[]> {
  const ids: string[] = [];
  let token: string | undefined;
  do {
    const page = await ssm.send(
      new DescribeInstanceInformationCommand({ MaxResults: 50, ...(token === undefined ? {} : { NextToken: token }) }),
    );
    ids.push(...(page.InstanceInformationList ?? []).map(({ InstanceId = '' }) => InstanceId));
    token = page.NextToken;
  } while (token !== undefined);
  return ids;
}

/** Asks again until it does not throw; after `seconds` the last error is thrown. */
export async function eventually<T>(ask: () => T | Promise<T>, seconds = 20): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }
}

/** The error name a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'not refused',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
}
