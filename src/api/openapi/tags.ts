/** The groups of operations, in the order of the document. */
export const tags = [
  {
    name: 'Client',
    description:
      'The operations of an application with a license key: validate, activate devices, take seats, record usage.',
  },
  {
    name: 'Licenses',
    description: 'The operations of issuers and holders: issue, change, end and read licenses, and read their history.',
  },
  {
    name: 'Offers',
    description: 'The licenses that issuers offer to your organization, and the issuers that it trusts or blocks.',
  },
  { name: 'Catalog', description: 'Products, and policies with the rules of licenses. Licenses are issued for them.' },
  { name: 'Events', description: 'The events of your licenses, as a feed to read, to wait for or to follow.' },
  {
    name: 'Logs',
    description: 'The log of an issuer with signed checkpoints, and proofs that it has an event and only grew.',
  },
  {
    name: 'Evidence packs',
    description: 'Zips with the histories of licenses and their proofs, which an auditor checks without the server.',
  },
  {
    name: 'Authentication',
    description: 'Sign up, sign in and out, sessions, passwords, and the public keys of access tokens.',
  },
  { name: 'Users', description: 'The names of users, and the deactivation of their logins.' },
  {
    name: 'Organizations',
    description: 'Organizations issue and hold licenses. A credential acts for one organization.',
  },
  { name: 'Members', description: 'The members of an organization with their roles, and its invitations.' },
  { name: 'API keys', description: 'Credentials of an organization for machines, with scopes.' },
  { name: 'Projects', description: 'Projects of an organization. Its own license limits how many it may have.' },
  { name: 'Health', description: 'The state and version of the server.' },
] as const;
