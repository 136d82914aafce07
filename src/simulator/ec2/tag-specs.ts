/** Which tags does a create call put on what? Checked as EC2 does: taggable types of the call, length and form of keys and values. */
import { AwsError } from '../errors';
import type { ResourceType, Tags } from '../world/state';
import { invalid, records, text, type Input } from './input';

/** EC2 user guide, "Tag restrictions": 50 tags, key 128 and value 256 characters, no `aws:` prefix. */
const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;

/** Tags by resource type. Refuses types that are not in `allowed`. */
export function tagSpecs<T extends ResourceType>(input: Input, allowed: readonly T[]): Record<T, Tags> {
  const result = Object.fromEntries(allowed.map((type) => [type, {}])) as Record<T, Tags>;
  const seen = new Set<string>();
  for (const spec of records(input, 'TagSpecifications')) {
    const type = text(spec, 'ResourceType') ?? '';
    if (!isAllowed(type, allowed)) throw notTaggable(type);
    if (seen.has(type)) {
      throw new AwsError('InvalidParameterValue', `Duplicate resource type '${type}' in tag specifications`);
    }
    seen.add(type);
    result[type] = tagsOf(records(spec, 'Tags'));
  }
  return result;
}

function notTaggable(type: string): AwsError {
  return new AwsError('InvalidParameterValue', `'${type}' is not a valid taggable resource type for this operation.`);
}

/** Tags of a list of Key and Value, checked. */
export function tagsOf(list: readonly Input[]): Tags {
  const tags: Tags = {};
  for (const entry of list) {
    const [key, value] = [text(entry, 'Key') ?? '', text(entry, 'Value') ?? ''];
    checkTag(key, value);
    if (key in tags) throw new AwsError('InvalidParameterValue', `Duplicate tag key '${key}' specified.`);
    tags[key] = value;
  }
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new AwsError('TagLimitExceeded', `More than ${MAX_TAGS} tags specified`);
  }
  return tags;
}

function checkTag(key: string, value: string): void {
  if (key === '') throw new AwsError('InvalidParameterValue', 'Tag keys cannot be empty');
  if (/^aws:/i.test(key)) {
    throw invalid('tagKey', key, "Tag keys starting with 'aws:' are reserved for internal use");
  }
  if (key.length > MAX_KEY) throw invalid('tagKey', key, `Tag keys have at most ${MAX_KEY} characters`);
  if (value.length > MAX_VALUE) throw invalid('tagValue', value, `Tag values have at most ${MAX_VALUE} characters`);
}

function isAllowed<T extends ResourceType>(type: string, allowed: readonly T[]): type is T {
  return (allowed as readonly string[]).includes(type);
}

/** The SDK's list form. */
export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
