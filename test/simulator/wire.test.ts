import { EC2Client } from '@aws-sdk/client-ec2';
import * as ec2 from '@aws-sdk/client-ec2';
import { HttpResponse } from '@smithy/core/protocols';
import { NormalizedSchema } from '@smithy/core/schema';
import { decodeInput, encodeOutput } from '../../src/simulator/wire/codec';
import type { Identified } from '../../src/simulator/wire/identify';
import { operationNames, operationOf } from '../../src/simulator/wire/services';

/** Deeper than any shape of EC2 nests without repeating itself. */
const DEPTH = 16;

/** A value for every member, different for every place, so that a swap of two members shows. */
function sample(ns: NormalizedSchema, path: string, depth = DEPTH): unknown {
  if (ns.isUnitSchema()) return {};
  if (ns.isStructSchema()) {
    const members = [...ns.structIterator()].filter(([, member]) => depth > 0 || isLeaf(member));
    return Object.fromEntries(members.map(([name, member]) => [name, sample(member, `${path}.${name}`, depth - 1)]));
  }
  if (ns.isListSchema()) return [1, 2].map((item) => sample(ns.getValueSchema(), `${path}.${String(item)}`, depth - 1));
  if (ns.isMapSchema()) return { [`${path}.k`]: sample(ns.getValueSchema(), `${path}.v`, depth - 1) };
  if (ns.isTimestampSchema()) return new Date(1_700_000_000_000 + path.length * 1000);
  if (ns.isBooleanSchema()) return path.length % 2 === 0;
  if (ns.isNumericSchema()) return path.length;
  if (ns.isBlobSchema()) return new Uint8Array(Buffer.from(path));
  return `${path} <&>"é\n`;
}

function isLeaf(ns: NormalizedSchema): boolean {
  return !ns.isStructSchema() && !ns.isListSchema() && !ns.isMapSchema();
}

interface Sent {
  body: string;
  headers: Record<string, string>;
}

/** Sends the input through the SDK and answers with what `respond` gives; neither touches the network. */
function clientThat(
  respond: (request: Sent) => Promise<{ body: string | Uint8Array; headers: Record<string, string> }>,
) {
  return new EC2Client({
    region: 'us-west-2',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: Sent) => {
        const { body, headers } = await respond(request);
        return { response: new HttpResponse({ statusCode: 200, headers, body: new Uint8Array(Buffer.from(body)) }) };
      },
    } as never,
  });
}

/** Presigned members are filled by the SDK itself and are not the caller's. */
const WITH_SIGNATURE = new Set(['CopySnapshot']);

const CALLER: Identified = {
  service: 'ec2',
  protocol: 'ec2',
  operation: '',
  region: 'us-west-2',
  account: '1',
  accessKey: 'a',
};

describe('the EC2 wire', () => {
  const names = operationNames('ec2');

  it('knows every operation of the SDK', () => {
    // 823 in the pinned client; an upgrade may add some, and must not lose them.
    expect(names.length).toBeGreaterThanOrEqual(823);
  });

  it('reads each request and writes each answer as the SDK itself does', async () => {
    const bad: string[] = [];
    for (const name of names) {
      const operation = operationOf('ec2', name);
      const Command = (ec2 as unknown as Record<string, new (input: unknown) => never>)[`${name}Command`];
      if (!operation || !Command || WITH_SIGNATURE.has(name)) continue;
      const input = sample(NormalizedSchema.of(operation.inputSchema), 'in') as Record<string, unknown>;
      const output = sample(NormalizedSchema.of(operation.outputSchema), 'out') as Record<string, unknown>;
      let seen: unknown;
      const client = clientThat(async ({ body, headers }) => {
        const read = await decodeInput({ ...CALLER, operation: name }, { headers, body: Buffer.from(body) });
        seen = read.input;
        const { body: answer, headers: answerHeaders } = encodeOutput(CALLER, read.operation, output, 'r');
        return { body: answer, headers: answerHeaders };
      });
      try {
        const received = (await client.send(new Command(input))) as unknown as Record<string, unknown>;
        Reflect.deleteProperty(received, '$metadata');
        if (!same(seen, input)) bad.push(`${name}: request`);
        if (!same(received, output)) bad.push(`${name}: answer`);
      } catch (error) {
        bad.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
      client.destroy();
    }
    expect(bad).toEqual([]);
  });

  it.each([
    ['an unknown member', 'Action=DescribeRegions&Nonsense=1', 'UnknownParameter'],
    ['a missing required member', 'Action=RunInstances&MinCount=1', 'MissingParameter'],
    [
      'a missing nested required member',
      'Action=CreateFleet&Type=instant&LaunchTemplateConfigs.1.Overrides.1.InstanceType=x&TargetCapacitySpecification.DefaultTargetCapacityType=spot',
      'MissingParameter',
    ],
    ['text where a number belongs', 'Action=RunInstances&MinCount=many&MaxCount=1', 'InvalidParameterValue'],
    ['an unknown action', 'Action=MakeCoffee', 'InvalidAction'],
  ])('refuses %s', async (_what, body, code) => {
    const operation = new URLSearchParams(body).get('Action') ?? '';
    await expect(decodeInput({ ...CALLER, operation }, { headers: {}, body: Buffer.from(body) })).rejects.toMatchObject(
      { code },
    );
  });
});

/** Equal as JSON: dates by their time, bytes by their numbers, members in any order. */
function same(a: unknown, b: unknown): boolean {
  try {
    expect(plain(a)).toEqual(plain(b));
    return true;
  } catch {
    return false;
  }
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, item: unknown) => (item instanceof Uint8Array ? [...item] : item)));
}
