// What a caller got wrong, said as "expected this, got that": the checks of options and arguments.

/** The longest delay that a JavaScript timer takes; a longer one would fire at once. */
export const MAX_DELAY_MS = 2_147_483_647

/** Makes the error for a value of the wrong type. */
export function wrongType(name: string, expected: string, got: unknown): TypeError {
  return new TypeError(sentence(name, expected, got))
}

/** Makes the error for a value of the right type that lies outside what is allowed. */
export function outOfRange(name: string, expected: string, got: unknown): RangeError {
  return new RangeError(sentence(name, expected, got))
}

/**
 * Gives back `value` if it is a safe integer within the bounds.
 *
 * @param alternative - what else the option takes, for the message: `' or false'`
 * @throws {TypeError} when `value` is no number.
 * @throws {RangeError} when it is one that is no integer within the bounds.
 */
export function integer(
  name: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
  alternative = '',
): number {
  const number = value as number
  if (Number.isSafeInteger(number) && number >= min && number <= max) return number
  const expected = `an integer from ${min} to ${max}${alternative}`
  throw (typeof value === 'number' ? outOfRange : wrongType)(name, expected, value)
}

/** Gives back `value` if it is a delay a timer can wait, or `false` where the option can be off. */
export function delay(name: string, value: number | false): number | false {
  return value === false ? value : integer(name, value, 1, MAX_DELAY_MS, ' or false')
}

/** Gives back `value` if it is one of `choices`. */
export function oneOf<T>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  throw wrongType(name, `one of ${choices.map(shown).join(', ')}`, value)
}

/** Gives back `value` if it is an object, which options are. */
export function object<T>(name: string, value: T): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw wrongType(name, 'an object', value)
}

/** Gives back `value` if it is an object with none but these `names`: a mistyped one would be without effect. */
export function known<T>(value: T, names: readonly string[], of = 'the options'): T {
  for (const name in object(of, value)) {
    // What someone has put on the prototype of all objects is nobody's option.
    if (!names.includes(name) && Object.hasOwn(value as object, name)) {
      oneOf(`each key of ${of}`, name, names)
    }
  }
  return value
}

/** Gives back `value` if it is of the `typeof` type, or is absent. */
export function optional<T>(name: string, value: T, type: string): T {
  if (value === undefined || typeof value === type) return value
  throw wrongType(name, `a ${type}`, value)
}

function sentence(name: string, expected: string, got: unknown): string {
  return `Expected ${name} to be ${expected}, got ${shown(got)}`
}

/** Shows a value in a few characters: an error message is no place for a megabyte of data. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.slice(0, 40)) + (value.length > 40 ? '...' : '')
  }
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  const { name } = value.constructor ?? {}
  if (name && name !== 'Object') return `an instance of ${name}`
  return `an object with the keys ${JSON.stringify(Object.keys(value).slice(0, 8))}`
}
