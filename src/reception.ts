// What a contract makes of an event that came: typed data, or a failure that the application has its say in.

import { isTextCodec } from './contract.js'
import { SseError } from './errors.js'
import type { RawEvent, Reception } from './parse-options.js'
import type { SchemaIssue, SchemaResult } from './standard-schema.js'

/** An event as it is handed over. */
export interface AnyReceived extends Omit<RawEvent, 'data'> {
  /** What the contract makes of the data. */
  data: unknown
}

type Received = AnyReceived | undefined

/**
 * Gives the event as the contract has it; `undefined` if it is to be left out.
 *
 * @throws {SseError} `ERR_SSE_INVALID`, `ERR_SSE_UNKNOWN_EVENT`, where the policy is 'throw'.
 */
export function receive(raw: RawEvent, reception: Reception): Received | Promise<Received> {
  const { event, data, id } = raw
  const entry = reception.entries.get(event)
  if (entry === undefined) return receiveUnknown(raw, reception)
  if (entry === null) return { event, data: undefined, id }
  if (isTextCodec(entry)) return raw
  let result: SchemaResult<unknown> | PromiseLike<SchemaResult<unknown>>
  try {
    // No data is what a sender makes of `undefined`, and no JSON.
    result = entry['~standard'].validate(data === '' ? undefined : JSON.parse(data))
  } catch (cause) {
    return refuse(raw, reception, cause)
  }
  if (!('then' in result)) return settle(raw, reception, result)
  return Promise.resolve(result).then(
    (answer) => settle(raw, reception, answer),
    (cause) => refuse(raw, reception, cause),
  )
}

function settle(raw: RawEvent, reception: Reception, result: SchemaResult<unknown>): Received {
  return result.issues
    ? refuse(raw, reception, undefined, result.issues)
    : { event: raw.event, data: result.value, id: raw.id }
}

function refuse(
  raw: RawEvent,
  { onInvalid }: Reception,
  cause: unknown,
  issues: readonly SchemaIssue[] = [{ message: String((cause as Error)?.message ?? cause) }],
): undefined {
  const invalid = { event: raw.event, data: raw.data, id: raw.id, issues }
  if (onInvalid === 'throw') {
    const message = `The data of ${JSON.stringify(raw.event.slice(0, 40))} is invalid: ${issues[0]?.message}`
    throw new SseError('ERR_SSE_INVALID', message, { ...invalid, cause })
  }
  if (onInvalid !== 'skip') onInvalid(invalid)
}

function receiveUnknown(raw: RawEvent, { onUnknown }: Reception): Received {
  if (onUnknown === 'yield') return raw
  if (onUnknown === 'skip') return undefined
  const message = `${JSON.stringify(raw.event.slice(0, 40))} is not in the contract`
  throw new SseError('ERR_SSE_UNKNOWN_EVENT', message, { ...raw })
}
