/** Which requests does the HTTP door answer? One table: the server registers it, and the OpenAPI document is made of it. */
import type { z } from 'zod';
import { submittedSchema } from '../schemas/experiment';
import {
  acceptedEventSchema,
  cleanupBody,
  cleanupPlanSchema,
  cleanupSchema,
  eventsHeaders,
  eventsQuery,
  experimentParams,
  extendBody,
  extendedSchema,
  healthSchema,
  leaksQuery,
  leaksSchema,
  listQuery,
  pageSchema,
  planSchema,
  planBody,
  readySchema,
  replaceBody,
  replacedSchema,
  startedSchema,
  startHeaders,
  statusHeaders,
  type ProblemName,
} from '../schemas/http';
import { eventSchema, resultSchema, statusSchema } from '../schemas/http-status';
import { awsEventSchema } from '../schemas/aws-event';

export interface Operation {
  method: 'GET' | 'POST';
  path: string;
  summary: string;
  /** `open` needs no token, `read` any, `full` one that may change things. */
  access: 'open' | 'read' | 'full';
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** The client checks a body that is an object, and as a whole: all of its mistakes are said, as at every door. */
  checkedByClient?: true;
  /** Request headers beside Authorization. */
  headers?: z.ZodObject;
  answer: { status: number; description: string; schema?: z.ZodType; type?: string; headers?: Record<string, string> };
  /** Statuses without a body beside the answer. */
  also?: Record<number, string>;
  /** What it may be refused with, beside what any request may. */
  problems: ProblemName[];
}

const UNANSWERED: ProblemName[] = ['unreachable', 'no-worker'];
const ONE: ProblemName[] = ['not-found', ...UNANSWERED];

export const OPERATIONS = {
  startExperiment: {
    method: 'POST',
    path: '/experiments',
    summary: 'Start an experiment',
    access: 'full',
    body: submittedSchema,
    checkedByClient: true,
    headers: startHeaders,
    answer: {
      status: 202,
      description: 'It was started, now or by an earlier request with the same key.',
      schema: startedSchema,
      headers: { Location: 'Path of the experiment.' },
    },
    problems: ['conflict', 'exists', ...UNANSWERED],
  },
  planExperiment: {
    method: 'POST',
    path: '/plan',
    summary: 'What an experiment would launch and cost now; nothing is made',
    access: 'read',
    body: submittedSchema,
    checkedByClient: true,
    answer: { status: 200, description: 'The plan.', schema: planSchema },
    problems: ['refused', ...UNANSWERED],
  },
  listExperiments: {
    method: 'GET',
    path: '/experiments',
    summary: 'List experiments, those that run first',
    access: 'read',
    query: listQuery,
    answer: { status: 200, description: 'One page.', schema: pageSchema },
    problems: ['refused', ...UNANSWERED],
  },
  getExperiment: {
    method: 'GET',
    path: '/experiments/{id}',
    summary: 'The status of an experiment',
    access: 'read',
    params: experimentParams,
    headers: statusHeaders,
    answer: {
      status: 200,
      description: 'Everything that is known now.',
      schema: statusSchema,
      headers: { ETag: 'Changes with everything but the clock.' },
    },
    also: { 304: 'Nothing has changed.' },
    problems: ONE,
  },
  getResult: {
    method: 'GET',
    path: '/experiments/{id}/result',
    summary: 'What an experiment that is over left behind',
    access: 'read',
    params: experimentParams,
    answer: { status: 200, description: 'The result, whichever way it ended.', schema: resultSchema },
    problems: ['running', 'no-result', 'refused', ...ONE],
  },
  streamEvents: {
    method: 'GET',
    path: '/experiments/{id}/events',
    summary: 'What happens, as server-sent events, until the experiment is over',
    access: 'read',
    params: experimentParams,
    query: eventsQuery,
    headers: eventsHeaders,
    answer: {
      status: 200,
      description: 'Each `data` is an event; its id is its `seq`. Events that begin a phase are named `phase`.',
      schema: eventSchema,
      type: 'text/event-stream',
    },
    also: { 204: 'It is over, and there is nothing more to tell.' },
    problems: ['too-many', ...ONE],
  },
  extendExperiment: {
    method: 'POST',
    path: '/experiments/{id}/extend',
    summary: 'Lengthen the lease',
    access: 'full',
    params: experimentParams,
    body: extendBody,
    answer: { status: 200, description: 'The new end of the lease.', schema: extendedSchema },
    problems: ONE,
  },
  holdExperiment: action('hold', 'Keep the nodes after the work'),
  releaseExperiment: action('release', 'End a hold: teardown begins'),
  stopExperiment: action('stop', 'End the work now and tear down'),
  replaceNode: {
    method: 'POST',
    path: '/experiments/{id}/replace',
    summary: 'Have a node replaced',
    access: 'full',
    params: experimentParams,
    body: replaceBody,
    answer: { status: 200, description: 'Whose place it is.', schema: replacedSchema },
    problems: ONE,
  },
  startCleanup: {
    method: 'POST',
    path: '/experiments/{id}/cleanup',
    summary: 'Delete what carries the tags of an experiment that does not run',
    access: 'full',
    params: experimentParams,
    body: cleanupBody,
    answer: {
      status: 202,
      description: 'It was started, or is under way.',
      headers: { Location: 'Path of the cleanup.' },
    },
    problems: ['running', 'exists', ...UNANSWERED],
  },
  getCleanup: {
    method: 'GET',
    path: '/experiments/{id}/cleanup',
    summary: 'How far the cleanup is, or its certificate',
    access: 'read',
    params: experimentParams,
    answer: { status: 200, description: 'Status or certificate.', schema: cleanupSchema },
    problems: ['no-result', 'refused', ...ONE],
  },
  planCleanup: {
    method: 'POST',
    path: '/experiments/{id}/cleanup/plan',
    summary: 'What a cleanup would delete, under a digest that it can be held to; changes nothing',
    access: 'full',
    params: experimentParams,
    body: planBody,
    answer: { status: 200, description: 'The plan.', schema: cleanupPlanSchema },
    problems: ['no-result', ...ONE],
  },
  findLeaks: {
    method: 'GET',
    path: '/leaks',
    summary: 'What is expired, orphaned or malformed, found by tags alone; changes nothing',
    access: 'read',
    query: leaksQuery,
    answer: { status: 200, description: 'Every experiment that AWS holds something of.', schema: leaksSchema },
    problems: ['refused', 'no-result', ...UNANSWERED],
  },
  acceptAwsEvent: {
    method: 'POST',
    path: '/events/aws',
    summary: 'Take an event about an EC2 instance, as an API destination of EventBridge delivers it',
    access: 'full',
    body: awsEventSchema,
    answer: {
      status: 202,
      description: 'The experiment that owns the instance, if one does, will hear of it.',
      schema: acceptedEventSchema,
    },
    problems: UNANSWERED,
  },
  health: {
    method: 'GET',
    path: '/health',
    summary: 'Whether this process serves',
    access: 'open',
    answer: { status: 200, description: 'It does.', schema: healthSchema },
    problems: [],
  },
  ready: {
    method: 'GET',
    path: '/ready',
    summary: 'Whether Temporal answers and a worker polls',
    access: 'open',
    answer: { status: 200, description: 'Both.', schema: readySchema },
    problems: UNANSWERED,
  },
  openApi: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document',
    access: 'open',
    answer: { status: 200, description: 'OpenAPI 3.1.' },
    problems: [],
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

function action<V extends string>(verb: V, summary: string) {
  return {
    method: 'POST',
    path: `/experiments/{id}/${verb}`,
    summary,
    access: 'full',
    params: experimentParams,
    answer: { status: 204, description: 'It will be done.' },
    problems: ONE,
  } as const satisfies Operation;
}
