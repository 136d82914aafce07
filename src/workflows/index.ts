/** Which workflow types does a worker register? Their names are permanent. */
export { experiment } from './experiment';
export { plan } from './plan';
export { provision, readiness } from './lifecycles';
export { failover } from './failover-alone';
export { cleanup } from './cleanup';
export { awsEvent } from './aws-event';
export { capacity } from './capacity';
export { reaper } from './reaper';
export { sentinel } from './sentinel';
export { doctor } from './doctor';
export { webhooks } from './webhooks';
export { stop } from './stop';
