/** Can a script on a node that really runs read its notice as on EC2? */
import { eventually, openLab, refusal, type Lab } from './nodes-support';
import { RunInstancesCommand, DescribeImagesCommand } from '@aws-sdk/client-ec2';

let lab: Lab;
afterEach(() => lab.close());

/** Prints status and body of metadata items, by the endpoint that SDKs read. */
const read = (...items: string[]): string => `#!/usr/bin/env node
const base = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
const ask = async () => {
  const name = 'x-aws-ec2-metadata-token';
  const token = await (await fetch(base + '/latest/api/token', { method: 'PUT', headers: { [name + '-ttl-seconds']: '60' } })).text();
  console.log('no token', (await fetch(base + '/latest/meta-data/instance-id')).status);
  for (const item of ${JSON.stringify(items)}) {
    const reply = await fetch(base + '/latest/meta-data/' + item, { headers: { [name]: token } });
    console.log(item, reply.status, await reply.text());
  }
};
ask();
`;

async function spotNode(): Promise<string> {
  const { Images } = await lab.ec2.send(
    new DescribeImagesCommand({ Owners: ['099720109477'], Filters: [{ Name: 'architecture', Values: ['x86_64'] }] }),
  );
  const { Instances } = await lab.ec2.send(
    new RunInstancesCommand({
      MinCount: 1,
      MaxCount: 1,
      InstanceType: 't3.micro',
      ImageId: Images?.[0]?.ImageId,
      IamInstanceProfile: { Name: 'node' },
      InstanceMarketOptions: { MarketType: 'spot' },
    }),
  );
  return Instances?.[0]?.InstanceId ?? '';
}

it('tells hint and notice in the words of EC2, and 404 before them', async () => {
  lab = await openLab({}, { exec: true });
  const id = await spotNode();
  const items = ['instance-id', 'instance-life-cycle', 'spot/instance-action', 'events/recommendations/rebalance'];
  const ask = async (): Promise<string[]> =>
    ((await lab.shell(id, read(...items))).StandardOutputContent ?? '').split('\n').map((line) => line.trimEnd());

  const before = await eventually(ask);
  expect(before).toEqual([
    'no token 401',
    `instance-id 200 ${id}`,
    'instance-life-cycle 200 spot',
    'spot/instance-action 404',
    'events/recommendations/rebalance 404',
    '',
  ]);
  await lab.control('rebalance', { instanceId: id });
  const { interruption } = (await lab.control('interrupt', { instanceId: id })) as { interruption: { at: number } };
  const time = `${new Date(interruption.at).toISOString().slice(0, 19)}Z`;
  const after = await ask();
  expect(after[3]).toBe(`spot/instance-action 200 {"action":"terminate","time":"${time}"}`);
  expect(after[4]).toMatch(/^events\/recommendations\/rebalance 200 \{"noticeTime":"\d{4}-.*Z"\}$/);
});

it('falls silent for SSM when it is impaired with its agent', async () => {
  lab = await openLab();
  const [id = ''] = await lab.launchOnline();
  await lab.control('impair', { instanceId: id, agentLost: true });
  expect(await refusal(lab.shell(id, 'true'))).toBe('InvalidInstanceId');
  await lab.control('impair', { instanceId: id, status: 'ok' });
  expect((await lab.shell(id, 'true')).Status).toBe('Success');
});
