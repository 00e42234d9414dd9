// What a contract makes of an event that came: typed data, or a failure that the application has its say in.

import { SseError } from './errors.js'
import type { RawEvent, Reception } from './parse-options.js'
import { isTextCodec } from './text-codec.js'
import { invalid, type Verdict, verdictOn } from './verdict.js'

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
  const verdict = verdictOn(data, entry)
  if (!(verdict instanceof Promise)) return settle(raw, reception, verdict)
  return verdict.then((late) => settle(raw, reception, late))
}

function settle(raw: RawEvent, { onInvalid }: Reception, verdict: Verdict): Received {
  const { issues } = verdict
  if (!issues) return { event: raw.event, data: verdict.value, id: raw.id }
  if (onInvalid === 'throw') throw invalid(raw, issues, verdict.cause)
  if (onInvalid !== 'skip') onInvalid({ ...raw, issues })
  return undefined
}

function receiveUnknown(raw: RawEvent, { onUnknown }: Reception): Received {
  if (onUnknown === 'yield') return raw
  if (onUnknown === 'skip') return undefined
  const message = `${JSON.stringify(raw.event.slice(0, 40))} is not in the contract`
  throw new SseError('ERR_SSE_UNKNOWN_EVENT', message, { ...raw })
}
