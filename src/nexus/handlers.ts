/** How does a worker answer the operations of the Nexus service? It asks Temporal as the client does. */
import { TemporalOperationHandler } from '@temporalio/nexus';
import { serviceHandler, type ServiceHandler } from 'nexus-rpc';
import { requestExperimentId } from '../client/request';
import { UPDATE } from '../contracts/messages';
import { extendSchema, namedSchema } from '../schemas/nexus';
import { ask, checked } from './ask';
import { experiments, type Named } from './index';
import { plan } from './plan';
import { run } from './run';

/** The service as a worker hosts it; what it starts goes to the worker's own queue. */
export function experimentsService(): ServiceHandler {
  return serviceHandler(experiments, {
    run: new TemporalOperationHandler({ start: run }),
    plan: new TemporalOperationHandler({ start: plan }),
    extend: (context, input) => {
      const { by, ...named } = checked(extendSchema, input);
      const id = idOf(named);
      // The caller's own id: a request that is repeated, because it took long, waits for the same update.
      const update = { args: [{ by }] as [unknown], updateId: context.requestId };
      return ask(context, id, ({ workflow }) => workflow.getHandle(id).executeUpdate(UPDATE.extend, update));
    },
    cancel: async (context, input) => {
      const id = idOf(checked(namedSchema, input));
      await ask(context, id, ({ workflow }) => workflow.getHandle(id).cancel());
      return undefined;
    },
  });
}

function idOf(named: Named): string {
  return 'id' in named ? named.id : requestExperimentId(named.requestId);
}
