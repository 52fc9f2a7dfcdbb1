/** The shared secret of a gate, and its own credentials at the service that it asks. */
export const SERVER_SECRET = 'a-server-secret-of-more-than-thirty-two-characters'
export const CLIENT_SECRET = 'a-client-secret-for-introspection'
