/** Are secrets refused at every door, and is what only sounds like one left alone? */
import { parseExperiment, parseWith } from '../../src/schemas/parse';
import { readinessSchema } from '../../src/schemas/readiness';
import { secretProblems } from '../../src/schemas/secrets';

const step = (run: string, env: Record<string, string> = {}) => ({
  instanceProfile: 'p',
  components: { a: {} },
  steps: [{ name: 's', on: 'a', run, env }],
});
/** Written in two parts, so that no scanner takes the test for a leak. */
const joined = (...parts: string[]): string => parts.join('');

describe('a secret', () => {
  it.each([
    ['an AWS access key', joined('AKIA', 'Q3EGRZ7T4XK2MNP5')],
    ['a private key', joined('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIE')],
    ['a private key', joined('-----BEGIN ', 'PRIVATE KEY-----\nMIIE')],
    ['a GitHub token', joined('ghp_', 'a1b2'.repeat(9))],
    ['a GitLab token', joined('glpat-', 'x1Y2z3A4b5C6d7E8f9G0')],
    ['a Slack token', joined('xoxb-', '1234567890-abcdefghij')],
    ['a Slack webhook', joined('https://hooks.slack.com/', 'services/T0000000/B0000000/abcdefghijklmnop')],
    ['a Google API key', joined('AIza', 'SyA1234567890abcdefghijklmnopqrstuv')],
    ['a Stripe key', joined('sk_live_', 'abcdefghijklmnopqrst1')],
    ['an npm token', joined('npm_', 'a1b2'.repeat(9))],
    ['an API key', joined('sk-ant-', 'api03-abcdefghijklmnopqrstuvwxyz012345')],
    ['a signed token (JWT)', joined('eyJhbGciOiJIUzI1NiJ9', '.eyJzdWIiOiIxMjM0NTY3ODkwIn0', '.dozjgNryP4J3jVmNHl0w5N')],
    ['a URL with a password', 'psql postgres://app:hunter22@db.internal/app'],
  ])('is known as %s by its form, wherever it stands', (what, text) => {
    for (const input of [step(`run --with ${text}`), { userData: text }, { tags: { any: text } }]) {
      const [problem, ...more] = secretProblems(input);
      expect(problem).toContain(`: looks like ${what}; `);
      expect(problem).not.toContain(text);
      expect(more).toEqual([]);
    }
  });

  it.each(['DB_PASSWORD', 'API_KEY', 'apiKey', 'GITHUB_TOKEN', 'client-secret', 'AWS_SECRET_ACCESS_KEY'])(
    'is known by the name of its variable: %s',
    (name) => {
      expect(secretProblems(step('true', { [name]: 'correct-horse' }))).toEqual([
        expect.stringMatching(new RegExp(`^steps\\.0\\.env\\.${name}: looks like a secret by its name; .*rotate it`)),
      ]);
    },
  );

  it.each(['export DB_PASSWORD=s3cretpassw0rd', 'token: "abc123def456"', "curl -H 'x' && SECRET='4f9a8b7c6d'\n"])(
    'is known in a script: %s',
    (script) => {
      expect(secretProblems(step(script))).toEqual([expect.stringContaining('a script with a secret in it')]);
    },
  );
});

describe('what is no secret', () => {
  it.each([
    'AKIAIOSFODNN7EXAMPLE',
    'PASSWORD=$(aws ssm get-parameter --with-decryption --name /lab/db1 --query Parameter.Value)',
    'PASSWORD=$DB_PASSWORD1 run',
    'TOKEN=$(cat /run/token1)',
    'TOKEN=$(curl -X PUT http://169.254.169.254/latest/api/token)',
    'token_count=1234567890',
    'bin/benchmark --tokens 100000000',
    'echo "password: ask the owner"',
    'PASSWORD=changeme',
    'git clone https://github.com/apache/pulsar1.git',
    'curl http://ada@localhost:8080/',
    'postgres://app:$PASSWORD@db/app',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'arn:aws:secretsmanager:us-west-2:123456789012:secret:lab-1',
  ])('passes in a script: %s', (script) => {
    expect(secretProblems(step(script))).toEqual([]);
  });

  it.each([
    ['TOKEN', '$TOKEN'],
    ['DB_PASSWORD', 'ssm:/lab/db'],
    ['PASSWORD', ''],
    ['TOKENS', '100000000'],
    ['PUBLIC_KEY', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5'],
    ['SECRET_NAME', 'lab-database'],
    ['TOKEN', '/run/secrets/token'],
  ])('passes as a variable: %s=%s', (name, value) => {
    expect(secretProblems(step('true', { [name]: value }))).toEqual([]);
  });

  it('leaves the names of components and fields alone', () => {
    expect(secretProblems({ components: { token: { image: { ssmParameter: '/lab/secret/token' } } } })).toEqual([]);
  });
});

describe('every schema', () => {
  it('refuses a secret beside the other mistakes, and with its whole path', () => {
    const spec = { ...step('true', { TOKEN: 'correct-horse' }), leese: '1h' };
    const nested = parseWith(readinessSchema, { experimentId: 'a', spec: step('true', { TOKEN: 'correct-horse' }) });

    expect(parseExperiment(spec)).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('leese'), expect.stringContaining('steps.0.env.TOKEN: looks like')],
    });
    expect(nested).toMatchObject({ ok: false, problems: [expect.stringContaining('spec.steps.0.env.TOKEN: ')] });
  });
});
