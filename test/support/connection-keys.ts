export const TOKEN_KEYS = ['a-token-key-of-more-than-thirty-two-characters'] as const

export const ADMIN_KEY = 'an-admin-key-of-more-than-32-characters'
export const CONNECT_KEY = 'a-connect-key-of-more-than-32-characters'
export const READ_KEY = 'a-reading-key-of-more-than-32-characters'

export const CONTROL_KEYS = [
  { key: ADMIN_KEY, scope: 'admin' },
  { key: CONNECT_KEY, scope: 'connect' },
  { key: READ_KEY, scope: 'read' },
] as const
