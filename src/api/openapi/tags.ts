/** What the groups of operations are about, in the order of the document. */
export const tags = [
  {
    name: 'Client',
    description: 'What your application asks about one license, by its key: validate, activate, seats, usage.',
  },
  { name: 'Licenses', description: 'What issuers and holders do with licenses: issue, change, end, read, look back.' },
  { name: 'Catalog', description: 'What licenses are issued for: products, and policies with the rules of a license.' },
  { name: 'Events', description: 'What happened to your licenses, as a feed to read, to wait on or to follow.' },
  {
    name: 'Authentication',
    description: 'Sign up, sign in and out, sessions and passwords, and the keys of access tokens.',
  },
  { name: 'Users', description: 'Users as people: what they are called, and the end of their login.' },
  { name: 'Organizations', description: 'Those who issue and hold licenses. A credential acts for one of them.' },
  { name: 'Members', description: 'Who belongs to an organization in which role, and who is invited.' },
  { name: 'API keys', description: 'Credentials of an organization for machines, with scopes.' },
  { name: 'Projects', description: 'What an organization keeps apart, counted against its own license.' },
  { name: 'Health', description: 'Whether the server is alive and ready, and which version it is.' },
] as const;
