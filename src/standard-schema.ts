// The part of Standard Schema that is needed: what zod, valibot, arktype and others give their validators.

/**
 * A validator, of whichever library: https://standardschema.dev.
 *
 * @typeParam Input - what it takes
 * @typeParam Output - what it makes of it
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the libraries have agreed on. */
  readonly '~standard': {
    /** The version of the agreement. */
    readonly version: 1
    /** The library. */
    readonly vendor: string
    /** Gives the output, or says what is wrong with the value. */
    readonly validate: (value: unknown) => SchemaResult<Output> | PromiseLike<SchemaResult<Output>>
    /** There for the compiler alone. */
    readonly types?:
      | {
          /** What it takes. */
          readonly input: Input
          /** What it makes of it. */
          readonly output: Output
        }
      | undefined
  }
}

/** What a validator answers: a value, or issues. */
export type SchemaResult<Output> =
  | {
      /** What was made of the value. */
      readonly value: Output
      /** None. */
      readonly issues?: undefined
    }
  | {
      /** What is wrong with the value. */
      readonly issues: readonly SchemaIssue[]
    }

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string
  /** Where in the value, from the outside in. */
  readonly path?: readonly (PropertyKey | PathSegment)[] | undefined
}

/** A step into a value, as some libraries give it. */
export interface PathSegment {
  /** The name or the index. */
  readonly key: PropertyKey
}

/** What a validator takes. */
export type SchemaInput<Schema extends StandardSchema> = NonNullable<
  Schema['~standard']['types']
>['input']

/** What a validator gives. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<
  Schema['~standard']['types']
>['output']

/** Tells whether `value` is a validator: those of arktype are functions. */
export function isSchema(value: unknown): value is StandardSchema {
  return typeof (value as StandardSchema | null | undefined)?.['~standard']?.validate === 'function'
}
