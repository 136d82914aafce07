/** Do clients that share no code with the simulator understand it, and it them? botocore's codec, boto3, aws-cli. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startSimulator, type Simulator } from '../../src/simulator';
import { decodeInput, encodeOutput } from '../../src/simulator/wire/codec';
import { identify } from '../../src/simulator/wire/identify';
import { operationNames, operationOf, type Service } from '../../src/simulator/wire/services';
import { itInPython, runPython } from './foreign-python';

const script = (name: string): string => join(__dirname, 'botocore', name);

/** JSON that carries instants and bytes, as the Python side writes them. */
function toPlain(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() / 1000 };
  if (value instanceof Uint8Array) return { $blob: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]));
}

function fromPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromPlain);
  if (typeof value !== 'object' || value === null) return value;
  if ('$date' in value) return new Date(Number(value.$date) * 1000);
  if ('$blob' in value) return new Uint8Array(Buffer.from(String(value.$blob), 'base64'));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromPlain(inner)]));
}

const PROTOCOLS = { ec2: 'ec2', ssm: 'json', tagging: 'json', sts: 'query' } as const;
const SERVICES = Object.keys(PROTOCOLS) as Service[];

async function codec(
  request: IncomingMessage,
): Promise<{ headers: Record<string, string>; body: string | Uint8Array }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const [, verb, service, name] = (request.url ?? '').split('/');
  if (verb === 'operations') {
    const names = Object.fromEntries(SERVICES.map((one) => [one, operationNames(one)]));
    return { headers: {}, body: JSON.stringify(names) };
  }
  if (verb === 'decode') {
    const caller = identify({ headers: request.headers, body }, '123456789012');
    const { input } = await decodeInput(caller, { headers: request.headers, body });
    const { service: meant, operation } = caller;
    return { headers: {}, body: JSON.stringify({ service: meant, operation, input: toPlain(input) }) };
  }
  const of = service as Service;
  const operation = operationOf(of, name ?? '');
  if (!operation) throw new Error(`no operation ${String(name)}`);
  const caller = {
    region: 'us-west-2',
    account: '1',
    accessKey: '',
    service: of,
    protocol: PROTOCOLS[of],
    operation: operation.name,
  };
  return encodeOutput(
    caller,
    operation,
    fromPlain(JSON.parse(body.toString())) as Record<string, unknown>,
    'request-id',
  );
}

interface Report {
  botocore: string;
  checked: Record<Service, number>;
  onlySdk: Record<Service, string[]>;
  onlyBotocore: Record<Service, string[]>;
  differences: string[];
}

describe('botocore', () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      codec(request).then(
        ({ headers, body }) => response.writeHead(200, headers).end(body),
        (error: unknown) => response.writeHead(500).end(JSON.stringify(String(error))),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  itInPython('means the same by every operation of EC2, SSM, tagging and STS, both ways', async (python) => {
    const report = JSON.parse(await runPython(python, [script('roundtrip.py'), url])) as Report;

    const { checked, onlySdk } = report;
    process.stderr.write(
      `botocore ${report.botocore}: ${JSON.stringify(checked)}, unknown to it: ${JSON.stringify(onlySdk)}\n`,
    );
    expect(report.differences).toEqual([]);
    expect(checked.ec2).toBeGreaterThanOrEqual(800);
    expect(checked.ssm).toBeGreaterThanOrEqual(150);
    expect(checked.tagging).toBeGreaterThanOrEqual(9);
    expect(checked.sts).toBeGreaterThanOrEqual(8);
  });
});

const NODES = { default: { commands: [{ match: 'say hello', stdout: 'hello <&> é\n' }] } };

describe('unmodified clients', () => {
  let simulator: Simulator;
  beforeEach(async () => (simulator = await startSimulator({ scenario: { nodes: NODES } })));
  afterEach(() => simulator.close());

  itInPython('boto3 launches, watches, commands, tags, finds and ends a fleet', async (python) => {
    const seen: unknown = JSON.parse(await runPython(python, [script('scenario.py'), simulator.url]));

    expect(seen).toEqual({
      account: '123456789012',
      regions: ['eu-west-1', 'us-east-1', 'us-east-2', 'us-west-2'],
      architecture: 'x86_64',
      launched: 3,
      fleetErrors: [],
      lifecycle: ['spot'],
      outputs: ['hello <&> é\n', 'hello <&> é\n', 'hello <&> é\n'],
      invocations: 3,
      found: ['fleet', 'instance', 'instance', 'instance', 'launch-template', 'security-group'],
      slot: 'a-0 <&>',
      refusals: {
        dryRun: 'DryRunOperation',
        groupInUse: 'DependencyViolation',
        noInstance: 'InvalidInstanceID.NotFound',
        noFilter: 'InvalidParameterValue',
        noAgent: 'InvalidInstanceId',
        noParameter: 'ParameterNotFound',
        noOperation: 'InvalidAction',
      },
    });
  });

  itInPython('boto3 makes a network, an image and a parameter, and takes them down', async (python) => {
    const seen: unknown = JSON.parse(await runPython(python, [script('network.py'), simulator.url]));

    expect(seen).toEqual({
      routes: ['active', 'active'],
      parameters: ['/foreign/a'],
      found: [
        ...['elastic-ip', 'image', 'internet-gateway', 'natgateway', 'parameter'],
        ...['route-table', 'subnet', 'vpc', 'vpc-endpoint'],
      ],
      refusals: {
        addressOfNat: 'AuthFailure',
        detach: 'DependencyViolation',
        table: 'DependencyViolation',
        gateway: 'DependencyViolation',
        subnet: 'DependencyViolation',
        vpc: 'DependencyViolation',
      },
      unsuccessful: [],
      after: {
        vpc: 'InvalidVpcID.NotFound',
        table: 'InvalidRouteTableID.NotFound',
        gateway: 'InvalidInternetGatewayID.NotFound',
        endpoint: 'InvalidVpcEndpointId.NotFound',
        nat: 'deleted',
        image: 'InvalidAMIID.Unavailable',
        parameter: 'ParameterNotFound',
      },
    });
  });

  itInPython('aws-cli launches, commands, finds and ends an instance', async (python) => {
    const aws = async (...args: string[]): Promise<unknown> => {
      const out = await runPython(python, ['-m', 'awscli', ...args, '--output', 'json'], {
        AWS_ENDPOINT_URL: simulator.url,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'key',
        AWS_SECRET_ACCESS_KEY: 'secret',
      });
      return out.trim() === '' ? undefined : JSON.parse(out);
    };
    const name = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64';
    const image = String(await aws('ssm', 'get-parameter', '--name', name, '--query', 'Parameter.Value'));
    const tags = 'ResourceType=instance,Tags=[{Key=ExperimentID,Value=cli}]';
    const id = String(
      await aws(
        ...['ec2', 'run-instances', '--image-id', image, '--instance-type', 't4g.micro', '--tag-specifications', tags],
        ...['--iam-instance-profile', 'Name=node', '--query', 'Instances[0].InstanceId'],
      ),
    );
    await aws('ec2', 'wait', 'instance-running', '--instance-ids', id);
    const send = ['ssm', 'send-command', '--document-name', 'AWS-RunShellScript', '--instance-ids', id];
    const command = String(await aws(...send, '--parameters', 'commands=say hello', '--query', 'Command.CommandId'));
    await aws('ssm', 'wait', 'command-executed', '--command-id', command, '--instance-id', id);
    const output = await aws(
      ...['ssm', 'get-command-invocation', '--command-id', command, '--instance-id', id],
      ...['--query', 'StandardOutputContent'],
    );
    const filter = ['--tag-filters', 'Key=ExperimentID,Values=cli'];
    const found = await aws(
      'resourcegroupstaggingapi',
      'get-resources',
      ...filter,
      '--query',
      'ResourceTagMappingList[].ResourceARN',
    );
    await aws('ec2', 'terminate-instances', '--instance-ids', id);
    const account = await aws('sts', 'get-caller-identity', '--query', 'Account');

    expect(id).toMatch(/^i-[0-9a-f]{17}$/);
    expect(output).toBe('hello <&> é\n');
    expect(found).toEqual([`arn:aws:ec2:us-east-1:123456789012:instance/${id}`]);
    expect(account).toBe('123456789012');
    await expect(aws('ec2', 'describe-instances', '--instance-ids', 'i-00000000000000000')).rejects.toThrow(
      'InvalidInstanceID.NotFound',
    );
  });
});
