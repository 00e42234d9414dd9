// The ids that a RedisLog gives: read, and compared.

/**
 * The place of a record: `<epoch>.<term>-<number>`.
 *
 * Numbers count the records of a channel, without a hole. A term is what one run of the server has added: a server that
 * comes back without the newest records numbers anew from there, in another term: 0, then the microseconds of the epoch until
 * it began. An epoch is a life of the channel's keys.
 */
export interface Position {
  readonly id: string
  readonly epoch: string
  readonly term: number
  readonly number: number
}

/** Numbers without leading zeros: one id has one spelling. */
const ID = /^([0-9a-z]{1,64})\.(0|[1-9]\d{0,14})-(0|[1-9]\d{0,13})$/

/** Gives what an id stands for; `undefined` for one that no RedisLog gives. */
export function positionOf(id: string): Position | undefined {
  const [, epoch, term, number] = ID.exec(id) ?? []
  if (epoch === undefined) return undefined
  return { id, epoch, term: Number(term), number: Number(number) }
}

/** Gives the id of the record that comes next, if nothing is missing and the server has not changed. */
export function nextId({ epoch, term, number }: Position): string {
  return `${epoch}.${term}-${number + 1}`
}

/** Below 0 if `one` comes first. A later epoch's name comes later in the order of strings. */
export function comparePositions(one: string, other: string): number {
  const [a, b] = [positionOf(one), positionOf(other)]
  if (a === undefined || b === undefined) return 0
  if (a.epoch !== b.epoch) return a.epoch < b.epoch ? -1 : 1
  return a.term - b.term || a.number - b.number
}
