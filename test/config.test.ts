import { homedir, userInfo } from 'node:os';
import { CONFIG_VARIABLES, ConfigError, readConfig, temporalConnectionOptions } from '../src/config';

function problemsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  it('has a default for everything, and the real AWS is one of them', () => {
    const config = readConfig({});

    expect(config).toMatchObject({
      installation: 'default',
      home: `${homedir()}/.holdfast`,
      region: 'us-west-2',
      owner: userInfo().username,
      logLevel: 'info',
      color: true,
      ownTemporal: false,
      cacheDir: `${homedir()}/.cache/holdfast`,
    });
    expect(config).not.toHaveProperty('awsEndpoint');
    expect(config).not.toHaveProperty('simulatorUrl');
  });

  it('takes what is given and counts an empty variable as unset', () => {
    const config = readConfig({
      HOLDFAST_TEMPORAL_CLI: '/opt/temporal',
      HOLDFAST_INSTALLATION: 'lab-7',
      HOLDFAST_HOME: '~/runs',
      HOLDFAST_METRICS_ADDRESS: '127.0.0.1:9464',
      HOLDFAST_LOG_LEVEL: 'debug',
      HOLDFAST_OWNER: '',
      NO_COLOR: '1',
      PATH: '/usr/bin::/bin',
      XDG_CACHE_HOME: '/var/cache',
    });

    expect(config).toMatchObject({
      temporalCli: '/opt/temporal',
      installation: 'lab-7',
      home: `${homedir()}/runs`,
      metricsAddress: '127.0.0.1:9464',
      logLevel: 'debug',
      owner: userInfo().username,
      color: false,
      searchPath: ['/usr/bin', '/bin'],
      cacheDir: '/var/cache/holdfast',
    });
  });

  it('cannot be changed afterwards', () => {
    const config = readConfig({});

    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.searchPath)).toBe(true);
  });

  it.each([
    [{ HOLDFAST_SIMULATOR: 'http://127.0.0.1:1', AWS_ENDPOINT_URL: 'http://127.0.0.1:3' }, 'http://127.0.0.1:1'],
    [{ HOLDFAST_AWS_ENDPOINT: 'http://127.0.0.1:2', AWS_ENDPOINT_URL: 'http://127.0.0.1:3' }, 'http://127.0.0.1:2'],
    [{ AWS_ENDPOINT_URL: 'http://127.0.0.1:3' }, 'http://127.0.0.1:3'],
  ])('sends AWS calls of %j to %s', (env, endpoint) => {
    expect(readConfig(env).awsEndpoint).toBe(endpoint);
  });

  it('refuses an endpoint that contradicts the simulator', () => {
    expect(
      problemsOf({ HOLDFAST_SIMULATOR: 'http://127.0.0.1:1', HOLDFAST_AWS_ENDPOINT: 'https://ec2.amazonaws.com' }),
    ).toEqual([expect.stringMatching(/^HOLDFAST_AWS_ENDPOINT: .*unset one/)]);
  });

  it.each([
    ['HOLDFAST_INSTALLATION', 'a b'],
    ['HOLDFAST_INSTALLATION', '-x'],
    ['HOLDFAST_AWS_ENDPOINT', 'localhost:4566'],
    ['AWS_ENDPOINT_URL', 'ftp://x'],
    ['HOLDFAST_SIMULATOR', 'nowhere'],
    ['HOLDFAST_OWN_TEMPORAL', 'yes'],
    ['AWS_REGION', 'us-west-2a'],
    ['HOLDFAST_LOG_LEVEL', 'loud'],
    ['HOLDFAST_METRICS_ADDRESS', '9464'],
  ])('refuses %s=%s with one line that names it', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: must be `))]);
  });

  it('has one line per bad variable, all at once', () => {
    const problems = problemsOf({ AWS_REGION: '?', HOLDFAST_LOG_LEVEL: '?', HOLDFAST_INSTALATION: 'lab' });

    expect(problems.map((line) => line.split(':')[0]).sort()).toEqual([
      'AWS_REGION',
      'HOLDFAST_INSTALATION',
      'HOLDFAST_LOG_LEVEL',
    ]);
    expect(problems.join()).toContain('did you mean HOLDFAST_INSTALLATION?');
  });

  it('describes every variable', () => {
    expect(Object.values(CONFIG_VARIABLES).filter((text) => text.length < 20)).toEqual([]);
    expect(Object.keys(CONFIG_VARIABLES)).toContain('HOLDFAST_TEMPORAL_CLI');
  });
});

describe('temporalConnectionOptions', () => {
  it('reads the Temporal variables as every Temporal tool does', () => {
    const { connectionOptions, namespace } = temporalConnectionOptions({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_NAMESPACE: 'lab',
      TEMPORAL_CONFIG_FILE: '/nonexistent/temporal.toml',
    });

    expect(connectionOptions.address).toBe('temporal.example:7233');
    expect(namespace).toBe('lab');
  });
});
