/** What goes over Nexus beside the spec? Which experiment is meant, and what an operation needs to know. */
import { z } from 'zod';
import { EXPERIMENT_ID, REQUEST_ID_LENGTH } from '../contracts/names';
import { extendBody } from './http';

const id = z.string().regex(EXPERIMENT_ID, 'is no experiment id');
const requestId = z.string().min(1).max(REQUEST_ID_LENGTH);

/** The spec is checked as at every door, so that its mistakes read the same. */
export const planSchema = z.strictObject({ spec: z.record(z.string(), z.unknown()) });
export const runSchema = planSchema.extend({ requestId: requestId.optional() });

const { by } = extendBody.shape;

const byId = z.strictObject({ id });
const byRequest = z.strictObject({ requestId });
/** An experiment, by its id or by the request that made it. */
export const namedSchema = z.union([byId, byRequest]);
export const extendSchema = z.union([byId.extend({ by }), byRequest.extend({ by })]);
