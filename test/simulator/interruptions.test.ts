/** Are machines taken back as AWS takes them, and exactly those that were meant? */
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
afterEach(() => sim.stop());

interface Request {
  State: string;
  Status: { Code: string; UpdateTime: Date };
}

async function request(id: string): Promise<Request | undefined> {
  const { SpotInstanceRequests } = await sim.call('DescribeSpotInstanceRequests', {
    Filters: [{ Name: 'instance-id', Values: [id] }],
  });
  return (SpotInstanceRequests as Request[])[0];
}

async function state(id: string): Promise<string | undefined> {
  const { Reservations } = await sim.call('DescribeInstances', { InstanceIds: [id] });
  return (Reservations as { Instances: { State: { Name: string } }[] }[])[0]?.Instances[0]?.State.Name;
}

const taken = (): string[] => sim.ledger().interruptions.map(({ instanceId }) => instanceId);

describe('a reclaim for capacity', () => {
  it('shows its final code two minutes before the machine changes', async () => {
    sim = clockwork();
    const [id = ''] = await sim.launch(1);
    sim.pass(10);
    sim.control('interrupt', { instanceId: id });
    expect(await request(id)).toMatchObject({ State: 'closed', Status: { Code: 'instance-terminated-no-capacity' } });
    expect((await request(id))?.Status.UpdateTime.getTime()).toBe(Date.now());
    sim.pass(119);
    expect(await state(id)).toBe('running');
    sim.pass(1);
    expect(await state(id)).toBe('shutting-down');
    sim.pass(1);
    expect(await state(id)).toBe('terminated');
    expect((await request(id))?.Status.Code).toBe('instance-terminated-no-capacity');
  });

  it('shows later in the status where the scenario lets it lag', async () => {
    sim = clockwork({ delays: { spotStatusLag: [3000, 3000] } });
    const [id = ''] = await sim.launch(1);
    sim.control('interrupt', { instanceId: id });
    expect((await request(id))?.Status.Code).toBe('fulfilled');
    sim.pass(3);
    expect((await request(id))?.Status.Code).toBe('instance-terminated-no-capacity');
  });

  it('is one interruption however often it is asked for', async () => {
    sim = clockwork();
    const [id = ''] = await sim.launch(1);
    const first = sim.control('interrupt', { instanceId: id, noticeSeconds: 30 });
    sim.pass(5);
    expect(sim.control('interrupt', { instanceId: id, noticeSeconds: 30 })).toEqual(first);
    expect(taken()).toEqual([id]);
  });
});

describe('a reclaim for the price', () => {
  it('marks the request while the machine runs, and closes it when it ends', async () => {
    sim = clockwork();
    const [id = ''] = await sim.launch(1);
    sim.control('interrupt', { instanceId: id, reason: 'by-price' });
    expect(await request(id)).toMatchObject({ State: 'active', Status: { Code: 'marked-for-termination' } });
    sim.pass(121);
    expect(await request(id)).toMatchObject({ State: 'closed', Status: { Code: 'instance-terminated-by-price' } });
  });

  it('ends as terminated by the user when the user is first', async () => {
    sim = clockwork();
    const [id = ''] = await sim.launch(1);
    sim.control('interrupt', { instanceId: id, reason: 'by-price' });
    await sim.call('TerminateInstances', { InstanceIds: [id] });
    expect((await request(id))?.Status.Code).toBe('instance-terminated-by-user');
  });
});

describe('the ledger', () => {
  it('has notice, end and cause of each interruption', async () => {
    sim = clockwork();
    const [first = '', second = ''] = await sim.launch(2, { tags: { ExperimentID: 'e', Component: 'broker' } });
    const noticeAt = Date.now();
    sim.control('interrupt', { instanceId: first, noticeSeconds: 60 });
    sim.control('interrupt', { instanceId: second, noticeSeconds: 60, by: 'chaos' });
    sim.pass(20);
    await sim.call('TerminateInstances', { InstanceIds: [second] });
    sim.pass(50);
    expect(sim.ledger().interruptions).toEqual([
      expect.objectContaining({
        instanceId: first,
        experimentId: 'e',
        component: 'broker',
        zone: 'us-west-2a',
        noticeAt,
        endsAt: noticeAt + 60_000,
        endedAt: noticeAt + 60_000,
        endedBy: 'Server.SpotInstanceTermination',
        by: 'control',
      }),
      expect.objectContaining({
        instanceId: second,
        endedAt: noticeAt + 20_000,
        endedBy: 'Client.UserInitiatedShutdown',
        by: 'chaos',
      }),
    ]);
    expect(sim.ledger().interruptions[0]?.goneAt).toBeGreaterThan(noticeAt + 60_000);
  });
});

describe('a slot', () => {
  const tags = { ExperimentID: 'e', Component: 'broker' };

  it('is the ordinal among the sorted ids of its component', async () => {
    sim = clockwork();
    const ids = await sim.launch(3, { tags });
    await sim.launch(1, { tags: { ...tags, Component: 'client' } });
    sim.control('interrupt', { slot: 'broker-1' });
    sim.control('interrupt', { component: 'broker', ordinal: 2, experimentId: 'e' });
    expect(taken()).toEqual([...ids].sort().slice(1));
  });

  it('is where the Slot tag says once a machine carries one', async () => {
    sim = clockwork();
    const [a = '', b = '', c = ''] = (await sim.launch(3, { tags })).sort();
    await sim.call('TerminateInstances', { InstanceIds: [b] });
    const [replacement = ''] = await sim.launch(1, { tags: { ...tags, Slot: 'broker-1' } });
    for (const slot of ['broker-1', 'broker-2', 'broker-0']) sim.control('interrupt', { slot });
    expect(taken()).toEqual([replacement, c, a]);
  });

  it('must be told apart when two experiments have it', async () => {
    sim = clockwork();
    await sim.launch(1, { tags });
    const [other] = await sim.launch(1, { tags: { ...tags, ExperimentID: 'f' } });
    expect(sim.refusal('interrupt', { slot: 'broker-0' })).toBe('400 broker is in e, f: name the experimentId');
    sim.control('interrupt', { slot: 'broker-0', experimentId: 'f' });
    expect(taken()).toEqual([other]);
  });
});

describe('a pool or a share', () => {
  it('takes the spot machines of the pool and nothing beside it', async () => {
    sim = clockwork();
    const lost = await sim.launch(3);
    await sim.launch(2, { zone: 'us-west-2b' });
    await sim.launch(2, { type: 't3a.small' });
    await sim.launch(2, { market: 'on-demand' });
    sim.control('interrupt', { pool: { zone: 'us-west-2a', type: 't3.*' } });
    expect(taken().sort()).toEqual([...lost].sort());
  });

  it('takes a share, rounded up, of what has had no notice yet', async () => {
    sim = clockwork();
    await sim.launch(5);
    sim.control('interrupt', { share: 0.5 });
    expect(taken()).toHaveLength(3);
    sim.control('interrupt', { share: 0.5, pool: { type: 't3.small' } });
    expect(new Set(taken()).size).toBe(4);
  });

  it('gives no more machines for as long as the outage is told to last', async () => {
    sim = clockwork();
    await sim.launch(1);
    sim.control('interrupt', { share: 1, outageSeconds: 60 });
    await expect(sim.launch(1)).rejects.toThrow('There is no Spot capacity');
    await sim.launch(1, { zone: 'us-west-2b' });
    sim.pass(60);
    await sim.launch(1);
  });
});

describe('a bad call', () => {
  it.each([
    [{}, '400 name machines by instanceId, slot, component, pool or share'],
    [{ instanceId: 'i-nobody' }, "404 no instance 'i-nobody'"],
    [{ slot: 'broker-0' }, "404 no live machine in slot 'broker-0'"],
    [{ slot: 'broker' }, "400 slot must be COMPONENT-ORDINAL, got 'broker'"],
    [{ slot: 'a-0', pool: {} }, '400 name machines in one way, not by slot and pool'],
    [{ share: 1, ordinal: 1 }, '400 ordinal needs a component'],
    [{ share: 1.5 }, '400 interrupt: share must be above 0 and at most 1, got 1.5'],
    [{ pool: { zoen: 'a' } }, "400 pool: unknown field 'zoen'; known: region, zone, type, market"],
    [{ pool: { type: 'p9.large' } }, '404 no machine matches'],
    [{ share: 1, noticeSeconds: -1 }, '400 interrupt: noticeSeconds must be a number of seconds, 0 or more, got -1'],
    [{ share: 1, reason: 'spite' }, '400 interrupt: reason must be one of no-capacity, by-price, got "spite"'],
    [{ share: 1, colour: 'red' }, "400 interrupt: unknown field 'colour'"],
    ['all', '400 expected a JSON object, got string'],
  ])('%j is refused with one line', async (body, line) => {
    sim = clockwork();
    await sim.launch(1);
    expect(sim.refusal('interrupt', body)).toContain(line);
    expect(sim.refusal('interrupt', body)).not.toContain('\n');
    expect(taken()).toEqual([]);
  });

  it('cannot take an on-demand machine, nor one that has ended', async () => {
    sim = clockwork();
    const [bought = ''] = await sim.launch(1, { market: 'on-demand' });
    const [ended = ''] = await sim.launch(1);
    await sim.call('TerminateInstances', { InstanceIds: [ended] });
    sim.pass(1);
    expect(sim.refusal('interrupt', { instanceId: bought })).toBe(`400 ${bought} is not a spot instance`);
    expect(sim.refusal('interrupt', { instanceId: ended })).toBe(`409 ${ended} is terminated`);
  });
});
