import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { parse } from 'yaml';
import { CONFIG_VARIABLES, readConfig, temporalConnectionOptions } from '../src/config';
import { SEARCH_ATTRIBUTES } from '../src/contracts/names';

interface Service {
  image?: string;
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

const ROOT = resolve(__dirname, '..');
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
/** The services that run this project's own code. */
const own = services.filter(([, { image }]) => image === 'holdfast:local');

/** `${NAME:-fallback}` becomes the fallback, as Compose would with an empty environment. */
const resolved = (value: string): string => value.replace(/\$\{\w+:-([^}]*)\}/g, '$1');
const environmentOf = (name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(compose.services[name]?.environment ?? {}).map(([key, value]) => [key, resolved(value)]),
  );

describe('docker-compose.yml', () => {
  const validate = composeSchema();

  it('is valid by the Compose specification', () => {
    expect(validate(parse(text, { merge: true })) ? [] : validate.errors).toEqual([]);
  });

  it.each([
    ['an unknown key', /^ {4}image: postgres.*$/m, '    imagine: postgres'],
    ['a wrong type', /^ {4}healthcheck:\n {6}test: \[CMD, pg/m, '    healthcheck:\n      test: 7 # ['],
    ['an unknown condition', /service_healthy/, 'service_lucky'],
  ])('would be refused with %s', (_what, from, to) => {
    expect(text).toMatch(from);
    expect(validate(parse(text.replace(from, to), { merge: true }))).toBe(false);
  });

  it('pins every image to a version, and the server to the one that demo and tests run', () => {
    const images = services.flatMap(([, { image }]) => (image === undefined ? [] : [image]));
    const goMod = readFileSync(join(ROOT, 'tools/temporal/go.mod'), 'utf8');
    const server = /go\.temporal\.io\/server v(\S+)/.exec(goMod)?.[1] ?? 'none';

    const foreign = images.filter((image) => image !== 'holdfast:local');
    expect(foreign.filter((image) => !/^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?$/.test(image))).toEqual([]);
    expect(images).toContain(`temporalio/server:${server}`);
    expect(images).toContain(`temporalio/admin-tools:${server}`);
  });

  it('holds no secret: every password comes from the environment and must be set', () => {
    const passwords = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|PWD|SECRET|TOKEN|KEY/.test(name)),
    );

    expect(passwords.length).toBeGreaterThan(0);
    expect(passwords.filter(([, value]) => !/^\$\{\w+:\?.+\}$/.test(value))).toEqual([]);
  });

  it('publishes ports on loopback alone', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports);

    expect(published.length).toBeGreaterThan(0);
    expect(published.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
  });

  it('waits only for services that can tell that they are healthy', () => {
    const needs = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
    expect(needs.filter(([needed]) => compose.services[needed] === undefined)).toEqual([]);
    const awaited = needs.flatMap(([needed, { condition }]) => (condition === 'service_healthy' ? [needed] : []));
    expect(awaited).not.toEqual([]);
    expect(awaited.filter((needed) => compose.services[needed]?.healthcheck === undefined)).toEqual([]);
  });

  it('runs programs that the build makes', () => {
    expect(own.map(([name]) => name)).toEqual(['simulator', 'worker']);
    for (const [, { command = [] }] of own) {
      const source = (command[0] ?? '').replace(/^dist\/(.*)\.js$/, 'src/$1.ts');
      expect([source, existsSync(join(ROOT, source))]).toEqual([expect.stringMatching(/^src\/.*\.ts$/), true]);
    }
  });

  it('starts the simulator with a command and options that the program has', () => {
    const [program, verb = '', ...options] = compose.services['simulator']?.command ?? [];
    expect(program).toBe('dist/cli/main.js');

    const help = execFileSync(process.execPath, ['--require', 'tsx/cjs', 'src/cli/main.ts', verb, '--help'], {
      cwd: ROOT,
    }).toString();

    for (const option of options.filter((one) => one.startsWith('--'))) expect(help).toContain(`${option} `);
    expect(help).toContain(options[options.indexOf('--scenario') + 1]);
  });

  it('sets variables that the configuration reads and accepts', () => {
    for (const [name] of own) {
      const environment = environmentOf(name);
      const unknown = Object.keys(environment).filter(
        (variable) => !(variable in CONFIG_VARIABLES) && !variable.startsWith('TEMPORAL_'),
      );
      expect(unknown).toEqual([]);
      expect(() => readConfig(environment)).not.toThrow();
    }
  });

  it('leads the worker to the server, the simulator and the metrics port of the same file', () => {
    const environment = environmentOf('worker');
    const { connectionOptions } = temporalConnectionOptions(environment);
    const { simulatorUrl, metricsAddress, ownTemporal } = readConfig(environment);
    const simulatorCommand = compose.services['simulator']?.command ?? [];
    const simulatorPort = simulatorCommand[simulatorCommand.indexOf('--port') + 1] ?? 'none';

    expect(connectionOptions.address).toBe('temporal:7233');
    expect(compose.services['temporal']?.ports).toEqual(['127.0.0.1:7233:7233']);
    expect(simulatorUrl).toBe(`http://127.0.0.1:${simulatorPort}`);
    expect(compose.services['simulator']?.healthcheck?.test.join(' ')).toContain(
      `127.0.0.1:${simulatorPort}/_sim/ledger`,
    );
    expect(compose.services['worker']?.healthcheck?.test.join(' ')).toContain(`${metricsAddress ?? 'none'}/metrics`);
    expect(ownTemporal).toBe(true);
  });

  it('registers exactly the search attributes that the worker waits for', () => {
    const script = compose.services['temporal-namespace']?.command?.join('\n') ?? '';
    const registered = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [name, type]);

    expect(Object.fromEntries(registered)).toEqual(SEARCH_ATTRIBUTES);
  });

  it('asks for the variables that .env.example explains, no more and no less', () => {
    const asked = [...text.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name);
    const explained = [...readFileSync(join(ROOT, '.env.example'), 'utf8').matchAll(/^(\w+)=/gm)].map(
      ([, name]) => name,
    );

    expect([...new Set(asked)].sort()).toEqual([...explained].sort());
  });
});

describe('Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

  it('copies what exists and what .dockerignore lets through', () => {
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list = '']) => list.split(' '));
    const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');

    expect(sources).toContain('src');
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
    expect(sources.filter((source) => !allowed.includes(`!${source}`))).toEqual([]);
  });

  it('runs a pinned Node as a user without rights', () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:24\.\d+\.\d+-bookworm-slim$/m);
    expect(/^USER (\S+)$/m.exec(dockerfile)?.[1]).toBe('node');
  });
});

/** compose-spec.json is the specification's own schema (Apache-2.0), taken from check-jsonschema 0.39.0 on PyPI. */
function composeSchema(): ReturnType<Ajv2020['compile']> {
  const schema = JSON.parse(readFileSync(join(__dirname, 'support/compose-spec.json'), 'utf8')) as object;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  return ajv.compile(schema);
}
