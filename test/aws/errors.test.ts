import { codeOf, isAbort, toFailure } from '../../src/aws/errors';
import { Failure } from '../../src/contracts/failures';
import { ERROR_TABLE, failureOf } from '../../src/policy/refusals';
import { awsError } from './support';

const SITE = { service: 'ec2', region: 'us-west-2', operation: 'DescribeVpcs' };

describe('an AWS error', () => {
  const calls = ERROR_TABLE.filter((row) => (row.channel ?? 'call') === 'call');

  it.each(calls.map((row) => [row.code] as const))('%s becomes the failure of the table with its code', (code) => {
    const failure = toFailure(awsError(code), SITE);
    expect(failure.type).toBe(failureOf(code, 400, 'told so'));
    expect(failure.type).not.toBe('Unclassified');
    expect(failure.details).toMatchObject({ ...SITE, code, httpStatus: 400 });
  });

  it('with an unknown code is judged by its status', () => {
    expect(toFailure(awsError('NeverHeardOf'), SITE).type).toBe('Unclassified');
    expect(toFailure(awsError('NeverHeardOf', 'x', 503), SITE).type).toBe('ServiceUnavailable');
    expect(toFailure(awsError('NeverHeardOf', 'x', 403), SITE).type).toBe('NotAuthorized');
  });

  it('is a failure already: it stays as it is', () => {
    const failure = new Failure('NotOurs', 'not ours');
    expect(toFailure(failure, SITE)).toBe(failure);
  });
});

describe('what is no answer', () => {
  it.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])(
    '%s is ServiceUnavailable',
    (code) => {
      const failure = toFailure(Object.assign(new Error('broken'), { code }), SITE);
      expect(failure).toMatchObject({ type: 'ServiceUnavailable', details: { code } });
    },
  );

  it('a time-out is ServiceUnavailable', () => {
    const late = Object.assign(new Error('too late'), { name: 'TimeoutError' });
    expect(toFailure(late, SITE).type).toBe('ServiceUnavailable');
  });

  it.each([
    ['AWS SDK error wrapper for Error: socket hang up', 'ECONNRESET'],
    ['AWS SDK error wrapper for Error: connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'],
  ])('"%s" is ServiceUnavailable', (message, code) => {
    expect(toFailure(new Error(message), SITE)).toMatchObject({ type: 'ServiceUnavailable', details: { code } });
  });

  it('missing credentials are NotAuthorized', () => {
    const missing = Object.assign(new Error('no providers'), { name: 'CredentialsProviderError' });
    expect(toFailure(missing, SITE).type).toBe('NotAuthorized');
  });

  it.each([[undefined], [null], ['text'], [{}]])('%p is Unclassified and does no harm', (thrown) => {
    expect(toFailure(thrown, SITE).type).toBe('Unclassified');
    expect(codeOf(thrown)).toBe('UnknownError');
    expect(isAbort(thrown)).toBe(false);
  });
});
