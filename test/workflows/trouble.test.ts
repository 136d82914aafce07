/** Does an experiment come through what AWS does on bad days, and give up at once where trying again is useless? */
import { cleanupWorkflowId } from '../../src/contracts/names';
import type { FaultPlan } from '../../src/simulator';
import { inLab } from '../support/in-lab';
import type { Lab } from '../support/lab';
import { expectNoTrace, failureOf, instancesOf, launchCalls, resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

/** They run beside each other, on two cores that are shared with all the rest. */
const LIMIT = 120_000;

/** Calls of an operation by outcome, rehearsals left out. */
async function outcomes(lab: Lab, operation: string): Promise<Record<string, number>> {
  const { calls } = await lab.ledger();
  const counts: Record<string, number> = {};
  for (const call of calls.filter((one) => one.operation === operation && one.outcome !== 'DryRunOperation')) {
    counts[call.outcome] = (counts[call.outcome] ?? 0) + 1;
  }
  return counts;
}

describe('an error that no repetition can help', () => {
  it.concurrent(
    'stops at the one call that met it: a launch that is not allowed',
    inLab(async (lab) => {
      // The first CreateFleet is the rehearsal.
      await lab.control('faults', [{ operation: 'CreateFleet', nth: 2, effect: { error: 'UnauthorizedOperation' } }]);

      const handle = await lab.start('experiment', smallSpec({ components: { zk: {} }, steps: [] }));
      const { type, message, details } = await failureOf(handle);

      expect(type).toBe('NotAuthorized');
      expect(message).toContain('UnauthorizedOperation');
      expect(details).toMatchObject({ phase: 'Failed', reason: 'Policy', certificate: { verdict: 'clean' } });
      expect(launchCalls(await lab.ledger())).toHaveLength(1);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'is met by the rehearsal, before anything is bought',
    inLab(async (lab) => {
      await lab.control('faults', [{ operation: 'CreateFleet', effect: { error: 'UnauthorizedOperation' } }]);

      const handle = await lab.start('experiment', smallSpec());
      const { type } = await failureOf(handle);

      expect(type).toBe('NotAuthorized');
      const { calls, summary } = await lab.ledger();
      expect(calls.filter((call) => call.operation === 'CreateFleet')).toHaveLength(1);
      expect(summary.launched).toBe(0);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'is met while surveying: one call of each kind and no more',
    inLab(async (lab) => {
      await lab.control('faults', [
        { operation: 'DescribeInstanceTypes', effect: { error: 'UnauthorizedOperation' } } satisfies FaultPlan[number],
      ]);

      const handle = await lab.start('provision', smallSpec());
      const { type } = await failureOf(handle);

      expect(type).toBe('NotAuthorized');
      expect(await outcomes(lab, 'DescribeInstanceTypes')).toEqual({ UnauthorizedOperation: 1 });
      expect(launchCalls(await lab.ledger())).toEqual([]);
    }),
    LIMIT,
  );

  it.concurrent(
    'is a request that AWS calls wrong',
    inLab(async (lab) => {
      const wrong = { error: 'InvalidParameterValue', message: 'Value (gp9) for parameter volumeType is invalid.' };
      await lab.control('faults', [{ operation: 'CreateFleet', nth: 2, effect: wrong }] satisfies FaultPlan);

      const handle = await lab.start('experiment', smallSpec({ components: { zk: {} }, steps: [] }));
      const { type, message, details } = await failureOf(handle);

      expect(type).toBe('InvalidRequest');
      expect(message).toContain('Value (gp9) for parameter volumeType is invalid.');
      expect(details).toMatchObject({ reason: 'Spec', certificate: { verdict: 'clean' } });
      expect(launchCalls(await lab.ledger())).toHaveLength(1);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'is an image that no region has: nothing is prepared, let alone bought',
    inLab(async (lab) => {
      const handle = await lab.start('experiment', smallSpec({ image: { id: 'ami-0123456789abcdef0' } }));

      const { type, message } = await failureOf(handle);

      expect(type).toBe('InvalidRequest');
      expect(message).toBe('us-west-2: no image for component zk\nus-west-2: no image for component broker');
      expect((await lab.ledger()).resources).toEqual([]);
    }),
    LIMIT,
  );
});

describe('a bad day', () => {
  it.concurrent(
    'is eventual consistency: what was just made is not found for a while',
    inLab(async (lab) => {
      await lab.control('delays', { visibilityLag: [400, 900], tagIndexLag: [300, 600] });

      const handle = await lab.start('experiment', smallSpec({ settle: '1s' }));
      const result = await resultOf(handle);
      await lab.control('delays', { visibilityLag: [0, 0], tagIndexLag: [10, 50] });

      expect(result.phase).toBe('Done');
      const ledger = await lab.ledger();
      expect(instancesOf(ledger, handle.workflowId)).toHaveLength(5);
      expect(ledger.calls.some((call) => /NotFound/.test(call.outcome))).toBe(true);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'is a throttling storm: every other call is refused for a while, and the count is still exact',
    inLab(async (lab) => {
      const storm: FaultPlan = [{ operation: '*', probability: 1 / 2, times: 25, effect: { throttle: true } }];
      await lab.control('faults', storm);

      const handle = await lab.start('experiment', smallSpec());
      const result = await resultOf(handle);
      await lab.control('faults', []);

      expect(result.phase).toBe('Done');
      const ledger = await lab.ledger();
      expect(instancesOf(ledger, handle.workflowId)).toHaveLength(5);
      const throttled = ledger.calls.filter((call) => /RequestLimitExceeded|ThrottlingException/.test(call.outcome));
      expect(throttled.length).toBeGreaterThan(15);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'is AWS in trouble: 5xx and broken connections are repeated with the same token',
    inLab(async (lab) => {
      await lab.control('faults', [
        { operation: 'CreateFleet', nth: 2, effect: { error: 'InternalError', status: 500 } },
        { operation: 'CreateLaunchTemplate', nth: 1, effect: { loseReply: true } },
        { operation: 'CreateSecurityGroup', nth: 1, effect: { loseReply: true } },
        { operation: 'SendCommand', nth: 1, effect: { error: 'InternalServerError', status: 500 } },
      ] satisfies FaultPlan);

      const handle = await lab.start('experiment', smallSpec());
      const result = await resultOf(handle);

      expect(result.phase).toBe('Done');
      const ledger = await lab.ledger();
      const made = (type: string) => ledger.resources.filter((one) => one.type === type);
      expect(made('security-group')).toHaveLength(1);
      expect(made('launch-template')).toHaveLength(2);
      expect(instancesOf(ledger, handle.workflowId)).toHaveLength(5);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'is a network interface that outlives its instance: cleanup waits for it, and its history stays short',
    inLab(async (lab) => {
      await lab.control('delays', { interfaceLinger: [4000, 4000] });
      const components = { zk: { count: 2 } };

      const handle = await lab.start(
        'experiment',
        smallSpec({ components, steps: [{ name: 'w', on: 'zk', run: 'true' }] }),
      );
      const result = await resultOf(handle);

      expect(result.certificate).toMatchObject({ verdict: 'clean', left: [] });
      const cleanup = lab.client.workflow.getHandle(cleanupWorkflowId(handle.workflowId));
      const { events } = await cleanup.fetchHistory();
      expect(events?.length).toBeLessThan(200);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );
});
