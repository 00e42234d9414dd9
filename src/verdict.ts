// What a validator says of an event's data, at either end of the wire.

import { SseError } from './errors.js'
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.js'

/** What a validator says; where it said nothing, why: the data is no JSON, or the validator has failed. */
export type Verdict = SchemaResult<unknown> & { readonly cause?: unknown }

const NO_REASON: Verdict = { issues: [{ message: 'its validator does not say why' }] }

/** Asks a validator about the text of an event's data. The promise of one that takes its time does not reject. */
export function verdictOn(text: string, schema: StandardSchema): Verdict | Promise<Verdict> {
  try {
    // No text is what a sender makes of `undefined`, and it is no JSON.
    const result = schema['~standard'].validate(text === '' ? undefined : JSON.parse(text))
    if (!result || !('then' in result)) return answered(result)
    return Promise.resolve(result).then(answered).catch(failed)
  } catch (cause) {
    return failed(cause)
  }
}

/** Some validators are written by hand: no answer is no yes, and a no has a reason. */
function answered(result: Verdict | undefined): Verdict {
  return result && result.issues?.length !== 0 ? result : NO_REASON
}

function failed(cause: unknown): Verdict {
  return { issues: [{ message: String((cause as Error | undefined)?.message ?? cause) }], cause }
}

/** Makes the error for data that a validator does not accept. */
export function invalid(
  event: { readonly event: string; readonly data: string; readonly id?: string },
  issues: readonly SchemaIssue[],
  cause: unknown,
): SseError {
  const name = JSON.stringify(event.event.slice(0, 40))
  const message = `The data of ${name} is invalid: ${issues[0]?.message}`
  return new SseError('ERR_SSE_INVALID', message, { ...event, issues, cause })
}
