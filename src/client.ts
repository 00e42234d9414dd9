// The front door of `eventwire/client`.

export type {
  AttemptActivity,
  CloseActivity,
  CommentActivity,
  EventActivity,
  OpenActivity,
  RetryActivity,
  SseActivity,
} from './activity.js'
export type { AttemptRequest } from './attempt-request.js'
export type { ClientClock } from './client-clock.js'
export type {
  Attempt,
  ConnectOptions,
  StatusVerdict,
} from './connect-options.js'
export { connect, type SseConnection } from './connection.js'
export type { AttemptDelivery, RequestedDelivery } from './delivery-request.js'
export { SseError, type SseErrorCode, type SseErrorDetails } from './errors.js'
export type { ReconnectOptions } from './reconnect-options.js'
export type { ConnectionState } from './session.js'
