import { setTimeout as pause } from 'node:timers/promises';
import { CreateFleetCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { ec2Error, startWire, type Wire } from './wire';
import { region } from './support';

describe('a region', () => {
  let wire: Wire | undefined;
  afterEach(async () => wire?.close());

  it('sends once also when the answer is a 500 of capacity, and names everything in the failure', async () => {
    wire = await startWire((res) => {
      ec2Error(res, 'InsufficientInstanceCapacity', 500, 'no capacity');
    });
    await expect(region(wire.url).send(new DescribeVpcsCommand({ MaxResults: 5 }))).rejects.toMatchObject({
      type: 'Capacity',
      message: 'DescribeVpcs in us-west-2: InsufficientInstanceCapacity: no capacity',
      details: {
        service: 'ec2',
        region: 'us-west-2',
        operation: 'DescribeVpcs',
        code: 'InsufficientInstanceCapacity',
        httpStatus: 500,
        requestId: '11111111-2222-3333-4444-555555555555',
      },
    });
    expect(wire.calls).toHaveLength(1);
  });

  it('sends the token it is given and not one of its own', async () => {
    wire = await startWire((res) => {
      ec2Error(res, 'InternalError', 500);
    });
    const aws = region(wire.url);
    const command = (): CreateFleetCommand =>
      new CreateFleetCommand({
        ClientToken: 'mine',
        LaunchTemplateConfigs: [],
        TargetCapacitySpecification: { TotalTargetCapacity: 1 },
      });
    await expect(aws.send(command())).rejects.toMatchObject({ type: 'ServiceUnavailable' });
    await expect(aws.send(command())).rejects.toMatchObject({ type: 'ServiceUnavailable' });
    expect(wire.calls.map((call) => call.get('ClientToken'))).toEqual(['mine', 'mine']);
  });

  it('is ServiceUnavailable when the reply is lost', async () => {
    wire = await startWire((res) => {
      res.socket?.destroy();
    });
    await expect(region(wire.url).send(new DescribeVpcsCommand({}))).rejects.toMatchObject({
      type: 'ServiceUnavailable',
      details: { code: 'ECONNRESET' },
    });
    expect(wire.calls).toHaveLength(1);
  });

  it('is ServiceUnavailable when nobody listens', async () => {
    wire = await startWire(() => undefined);
    const { url } = wire;
    await wire.close();
    await expect(region(url).send(new DescribeVpcsCommand({}))).rejects.toMatchObject({ type: 'ServiceUnavailable' });
    wire = undefined;
  });

  it('is ServiceUnavailable when the answer is no answer of AWS', async () => {
    wire = await startWire((res) => {
      res.writeHead(500, { 'content-type': 'text/html' });
      res.end('<!doctype html><title>500</title>');
    });
    await expect(region(wire.url).send(new DescribeVpcsCommand({}))).rejects.toMatchObject({
      type: 'ServiceUnavailable',
    });
  });

  it('is ServiceUnavailable when the answer breaks off', async () => {
    wire = await startWire((res) => {
      res.writeHead(200, { 'content-type': 'text/xml', 'content-length': 5000 });
      res.write('<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1');
      setImmediate(() => res.socket?.destroy());
    });
    await expect(region(wire.url).send(new DescribeVpcsCommand({}))).rejects.toMatchObject({
      type: 'ServiceUnavailable',
    });
  });

  it('is ServiceUnavailable when half an answer is called a whole one', async () => {
    wire = await startWire((res) => {
      res.writeHead(200, { 'content-type': 'text/xml' });
      res.end('<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1');
    });
    await expect(region(wire.url).send(new DescribeVpcsCommand({}))).rejects.toMatchObject({
      type: 'ServiceUnavailable',
    });
  });

  it('is ServiceUnavailable when no answer comes in time', async () => {
    wire = await startWire(() => undefined);
    await expect(region(wire.url, 50).send(new DescribeVpcsCommand({}))).rejects.toMatchObject({
      type: 'ServiceUnavailable',
    });
    expect(wire.calls).toHaveLength(1);
  });

  it('passes the abort of a call in flight on as an AbortError', async () => {
    const caller = new AbortController();
    wire = await startWire(() => {
      caller.abort();
    });
    await expect(region(wire.url).send(new DescribeVpcsCommand({}), caller)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('slows an API down after a throttle', async () => {
    wire = await startWire((res) => {
      ec2Error(res, 'RequestLimitExceeded', 503);
    });
    const aws = region(wire.url);
    const ask = async (): Promise<unknown> => aws.send(new DescribeVpcsCommand({})).catch((error: unknown) => error);
    expect(await ask()).toMatchObject({ type: 'Throttled' });
    const before = performance.now();
    await ask();
    // Half of 20 per second, with nothing saved up: the next turn is 100 ms away.
    expect(performance.now() - before).toBeGreaterThanOrEqual(90);
  });

  it('uses a connection again', async () => {
    const sockets = new Set<unknown>();
    wire = await startWire((res) => {
      sockets.add(res.socket);
      ec2Error(res, 'InternalError', 500);
    });
    const aws = region(wire.url);
    for (let times = 0; times < 3; times += 1) {
      await aws.send(new DescribeVpcsCommand({})).catch(() => undefined);
      await pause(0);
    }
    expect(sockets.size).toBe(1);
    aws.close();
  });
});
