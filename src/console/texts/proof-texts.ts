/** The texts of the screen of proofs. */
export const proofTexts = {
  title: 'Proof',
  text: 'Every event of your licenses, catalog and organization is in a log that only grows. A checkpoint signs the log as it is. Somebody who keeps a checkpoint notices every later change of the events before it.',
  checkpoints: {
    title: 'Checkpoints',
    caption: 'Checkpoints, newest first',
    text: 'Give checkpoints to auditors, or keep them outside of this server.',
    none: 'The log has no checkpoint yet. The server signs the first one within a minute after the first event.',
    columns: { signed: 'Signed', size: 'Events', root: 'Root', signers: 'Signed by', file: 'File' },
    now: 'Get a checkpoint now',
    got: (size: string) => `The newest checkpoint has ${size} events.`,
    download: 'Download',
    downloadOf: (size: string) => `Download: checkpoint of ${size} events`,
    log: 'the log',
    witness: (name: string) => `the witness ${name}`,
    key: (keyId: string) => `key ${keyId}`,
  },
  keys: {
    title: 'Public keys',
    text: 'These keys come from the server that they check. Compare them with a copy from another place, such as a contract or an earlier download.',
    none: 'The log has no key yet.',
    download: 'Download the keys',
  },
  event: {
    title: 'Proof of an event',
    label: 'Event id',
    hint: 'Its id evt_…, from a history or the feed.',
    wrong: 'An id of an event begins with evt_ and has 26 characters after it.',
    show: 'Show the proof',
    missing: 'Your organization has no such event, or it is one of a license that another organization issues.',
    notYet:
      'No checkpoint covers this event yet. The server signs the next one within a minute. You need not wait for it.',
    place: (index: string, size: string) =>
      `The log has this event as number ${index}, counted from 0. The checkpoint of ${size} events covers it.`,
    proves:
      'The proof shows that this event stands in the log at this place, as it was recorded. A change of its type, data, metadata or order breaks the proof.',
    provesNot:
      'It does not show that the event says the truth, that its time is right, or what was never recorded. This page has not checked it: check the files below, or with ledger-verify.mjs.',
    stream: 'Stream',
    revision: 'Revision',
    recorded: 'Recorded',
    hash: 'Hash of the event',
    download: 'Download the proof',
    downloadLeaf: 'Download the leaf',
  },
  verify: {
    title: 'Verify files',
    text: 'Your browser checks the files, with the code of ledger-verify.mjs. Nothing is uploaded.',
    drop: 'Drop files here, or choose them:',
    files: 'Files',
    filesHint:
      'An evidence pack; a proof with its event or leaf; two checkpoints; or one. A pack may have older checkpoints with it.',
    chosen: 'Chosen files',
    keys: 'Keys that you trust',
    keysHint:
      'One on each line, from a place other than this server. You can choose a file of keys with the other files, too. Keys of witnesses demand their signatures.',
    fileKeys: 'These keys from your files are trusted until you choose other files:',
    sameKey: 'The server shows the same key of the log.',
    otherKey: 'The server shows another key of the log. One of both is not the real one: ask who gave you yours.',
    verify: 'Verify',
    proved: 'Proved',
    lacksLeaves:
      'This pack has no leaves of the log. Events may be left out of it, so it is not proved that its histories are complete, and its states are not checked.',
    notProved: 'Not proved',
    wrong: 'Not proved. The first wrong thing:',
    refused: 'The server did not give the consistency proof of the two checkpoints:',
    unreadable: 'A file cannot be read, or the server did not send the consistency proof. Choose the files again.',
    lacks: {
      key: 'Paste a key of the log that you trust. It is one line: the name, eight hex digits and the key, with + between them.',
      event: 'Add the file of the event: its leaf, or the event in its stored form.',
      consistency:
        'Add the consistency proof of the two checkpoints. The page gets it only for the log of this organization.',
      files: 'These files do not belong together. Choose a pack; a proof and its event; or checkpoints of one log.',
    },
  },
  access: {
    title: 'Who may read the log',
    text: 'A leaf of the log has hashes, ids and times, and no content. The number of an event tells how many events you record.',
    isPublic: 'Publish the log',
    isPublicHint: 'Everybody may read its checkpoints, tiles and leaves, without a login.',
    holders: 'Customers get proofs',
    holdersHint: 'Holders of your licenses get proofs of the events that they see.',
    save: 'Save',
    saved: 'Saved.',
    states: {
      public: 'Everybody may read the log.',
      private: 'Only your organization may read the log.',
      holders: 'Customers get proofs of the events that they see.',
      noHolders: 'Customers get no proofs.',
    },
    ask: 'An owner or an admin may change this.',
  },
} as const;
