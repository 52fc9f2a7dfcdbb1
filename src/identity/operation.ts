/** What a caller may do at a destination: open a socket, read, write. */
export const OPERATIONS = ['connect', 'read', 'write'] as const

export type Operation = (typeof OPERATIONS)[number]
