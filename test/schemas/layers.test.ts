/** Do layers of a spec combine as the documentation says, and is it known where each value came from? */
import { mergeLayers, originsOf, put, type Layer } from '../../src/schemas/layers';
import { parseExperiment } from '../../src/schemas/parse';
import { resolveSpec, type SpecLibrary } from '../../src/schemas/resolve';

const layer = (origin: string, value: unknown): Layer => ({ origin, value });
const merged = (...values: unknown[]): unknown => mergeLayers(values.map((value) => layer('', value)));

const documents: Record<string, Record<string, unknown>> = {
  template: {
    quick: { lease: '30m', regions: ['us-west-2'], components: { a: { count: 2 } } },
    nested: { template: 'quick' },
    named: { name: 'other', components: { a: {} } },
  },
  profile: { default: { lease: '1h', project: 'team' }, cheap: { market: 'spot' } },
};
const library: SpecLibrary = {
  read: (kind, name) => Promise.resolve(documents[kind]?.[name]),
  names: (kind) => Promise.resolve(Object.keys(documents[kind] ?? {}).sort()),
};

describe('layers', () => {
  it('merge maps, replace lists and let the later one win, and change none of them', () => {
    const below = { a: { x: 1, y: [1, 2] }, b: 'kept' };

    expect(merged(below, { a: { y: [3], z: true } })).toEqual({ a: { x: 1, y: [3], z: true }, b: 'kept' });
    expect(below).toEqual({ a: { x: 1, y: [1, 2] }, b: 'kept' });
  });

  it('replace an image as a whole, since it takes one of several forms, but not a component of that name', () => {
    const below = { image: { id: 'ami-1' }, components: { a: { image: { id: 'ami-1' } }, image: { count: 2 } } };
    const tags = { tags: { role: 'x' } };

    expect(merged(below, { image: tags, components: { a: { image: tags }, image: { standby: 1 } } })).toEqual({
      image: tags,
      components: { a: { image: tags }, image: { count: 2, standby: 1 } },
    });
  });

  it('take a key that says nothing as not written', () => {
    expect(merged({ steps: [1], lease: '1h' }, { steps: null })).toEqual({ steps: [1], lease: '1h' });
  });

  it('let a path be put into maps that are not there yet, and into lists that are', () => {
    expect(put({}, ['components', 'a', 'count'], 3)).toEqual({ components: { a: { count: 3 } } });
    expect(put({ steps: [{ run: 'a' }] }, ['steps', '0', 'run'], 'b')).toEqual({ steps: [{ run: 'b' }] });
  });
});

describe('an input that names a template', () => {
  it('stands on it and on the default profile, and wins over both', async () => {
    const resolved = await resolveSpec([layer('input', { template: 'quick', regions: ['us-east-1'] })], library);

    expect(resolved).toMatchObject({
      ok: true,
      value: { name: 'quick', lease: '30m', project: 'team', regions: ['us-east-1'], components: { a: { count: 2 } } },
    });
    expect(JSON.stringify(resolved)).not.toContain('"template":');
  });

  it('keeps a name that the template gives itself, and the named profile takes the place of the default one', async () => {
    const resolved = await resolveSpec([layer('input', { template: 'named', profile: 'cheap' })], library);

    expect(resolved).toMatchObject({ value: { name: 'other', market: 'spot' } });
    expect(resolved).not.toHaveProperty('value.project');
  });

  it.each([
    [{ template: 'quik' }, 'template: "quik" is no template; did you mean "quick"? (there are named, nested, quick)'],
    [{ template: '../../etc/passwd' }, 'template: "../../etc/passwd" is no template (there are named, nested, quick)'],
    [{ template: 7 }, 'template: 7 is no template (there are named, nested, quick)'],
    [{ profile: 'dear' }, 'profile: "dear" is no profile (there are cheap, default)'],
    [{ template: 'nested' }, 'template: nested names a template itself; only the input may'],
  ])('is refused in one line: %j', async (input, line) => {
    expect(await resolveSpec([layer('input', input)], library)).toEqual({ ok: false, problems: [line] });
  });

  it('leaves what is no spec at all to the schema', async () => {
    expect(await resolveSpec([layer('input', 5)], library)).toMatchObject({ ok: true, value: 5 });
    expect(await resolveSpec([layer('input', undefined)], library)).toMatchObject({ value: { project: 'team' } });
  });
});

describe('origins', () => {
  it('name the highest layer that wrote a value, and what nobody wrote is built in', async () => {
    const file = layer('lab.yaml', {
      template: 'quick',
      instanceProfile: 'p',
      steps: [{ name: 's', on: 'a', run: 'x' }],
    });
    const resolved = await resolveSpec([file], library);
    if (!resolved.ok) throw new Error('refused');
    const layers = [...resolved.layers, { ...layer('--set', { components: { a: { count: 3 } } }) }];
    const parsed = parseExperiment(mergeLayers(layers));
    if (!parsed.ok) throw new Error(parsed.problems.join());

    const from = Object.fromEntries(originsOf(parsed.value, layers).map(({ path, origin }) => [path, origin]));

    expect(from).toMatchObject({
      name: 'template quick',
      lease: 'template quick',
      project: 'profile default',
      'regions.0': 'template quick',
      'components.a.count': '--set',
      'components.a.limits.ec2': 'built-in',
      'steps.0.run': 'lab.yaml',
      'steps.0.on.0': 'lab.yaml',
      'steps.0.timeout': 'built-in',
      market: 'built-in',
    });
  });

  it('do not take a list for written by an assignment that changed one entry of it', () => {
    const file = layer('lab.yaml', { steps: [{ name: 's', run: 'x' }] });
    const set: Layer = { ...layer('--set', { steps: [{ name: 's', run: 'y' }] }), wrote: ['steps', '0', 'run'] };

    expect(originsOf({ steps: [{ name: 's', run: 'y' }] }, [file, set])).toEqual([
      { path: 'steps.0.name', value: 's', origin: 'lab.yaml' },
      { path: 'steps.0.run', value: 'y', origin: '--set' },
    ]);
  });
});
