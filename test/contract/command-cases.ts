/** What must hold of the commands port? */
import { until } from './backend';
import type { Bench, Case } from './cases';

/** Two nodes; where agents register, both have. */
async function nodes(bench: Bench, wait: boolean): Promise<string[]> {
  const { nodes: launched } = await bench.compute.fleet(await bench.fleet());
  const ids = launched.map((node) => node.instanceId);
  if (wait) {
    await until('agents answer', async () => ((await bench.commands.online(ids)).length === 2 ? true : undefined));
  }
  return ids;
}

const send = (bench: Bench, ids: string[]): Promise<string> =>
  bench.commands.send({ ids, script: 'echo hello', timeoutSeconds: 60, comment: 'contract' });

export const COMMAND_CASES: Case[] = [
  {
    says: 'nodes come online with the version of their agent; unknown ones never do',
    needs: ['agent-inventory', 'fleet-profile'],
    run: async (bench) => {
      const ids = await nodes(bench, true);
      const online = await bench.commands.online([...ids, 'i-0123456789abcdef0']);
      expect(online.map((one) => one.instanceId).sort()).toEqual([...ids].sort());
      for (const one of online) expect(one.agentVersion).toMatch(/^\d+\./);
    },
  },
  {
    says: 'a command ends with its exit code and output',
    run: async (bench) => {
      const hasAgents = bench.backend.instanceProfile !== undefined;
      const [id = ''] = await nodes(bench, hasAgents);
      const commandId = await send(bench, [id]);
      const output = await until('it ended', async () => {
        const seen = await bench.commands.output(commandId, id);
        return seen.status === 'Success' ? seen : undefined;
      });
      expect(output).toMatchObject({ instanceId: id, exitCode: 0 });
    },
  },
  {
    says: 'the output of a node the command was not sent to is NotYetVisible',
    run: async (bench) => {
      const hasAgents = bench.backend.instanceProfile !== undefined;
      const [id = ''] = await nodes(bench, hasAgents);
      const commandId = await send(bench, [id]);
      await expect(bench.commands.output(commandId, 'i-0123456789abcdef0')).rejects.toMatchObject({
        type: 'NotYetVisible',
      });
    },
  },
  {
    says: 'a command for a node that has not registered is NotYetVisible',
    needs: ['agent-registration'],
    run: async (bench) => {
      await expect(send(bench, ['i-0123456789abcdef0'])).rejects.toMatchObject({ type: 'NotYetVisible' });
    },
  },
  {
    says: 'every invocation of a command is listed, and none of another node',
    needs: ['command-list', 'one-node-command'],
    run: async (bench) => {
      const ids = await nodes(bench, true);
      const commandId = await send(bench, ids);
      const found = await until('both ended', async () => {
        const listed = await bench.commands.invocations(commandId);
        return listed.length === 2 && listed.every((one) => one.status === 'Success') ? listed : undefined;
      });
      expect(found.map((one) => one.instanceId).sort()).toEqual([...ids].sort());
      for (const one of found) expect(one.exitCode).toBe(0);
      const single = await send(bench, ids.slice(0, 1));
      await until('one', async () => ((await bench.commands.invocations(single)).length === 1 ? true : undefined));
    },
  },
  {
    says: 'a command can be cancelled, also when it has ended',
    needs: ['command-cancel'],
    run: async (bench) => {
      const ids = await nodes(bench, true);
      const commandId = await send(bench, ids);
      await bench.commands.cancel(commandId, ids);
      await until('it ended', async () => {
        const listed = await bench.commands.invocations(commandId);
        const ended = listed.every((one) => ['Success', 'Cancelled'].includes(one.status));
        return listed.length === 2 && ended ? true : undefined;
      });
      await bench.commands.cancel(commandId, ids);
    },
  },
];
