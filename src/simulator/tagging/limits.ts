/** Is a request to the tagging API within its documented limits? Refuses as that service does: InvalidParameterException. */
import { AwsError } from '../errors';

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

/** Refuses a list of more or fewer entries than allowed. */
export function checkCount(name: string, list: readonly unknown[], max: number, min = 0): void {
  if (list.length < min || list.length > max) {
    throw invalid(`${name} must have ${min} to ${max} entries, not ${list.length}`);
  }
}

/** API reference, TagResources: keys 1 to 128 characters, values 0 to 256. */
const MAX_KEY = 128;
const MAX_VALUE = 256;

export function checkTag(key: string, value = ''): void {
  if (key.length < 1 || key.length > MAX_KEY) throw invalid(`A tag key has 1 to ${MAX_KEY} characters: '${key}'`);
  if (value.length > MAX_VALUE) throw invalid(`A tag value has at most ${MAX_VALUE} characters: key '${key}'`);
  if (key.toLowerCase().startsWith('aws:')) throw invalid(`Tag keys that begin with 'aws:' are reserved: '${key}'`);
}
