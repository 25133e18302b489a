/** The place of a license event in the log. Events of one append may share their position. */
export type FeedPlace = { readonly position: bigint; readonly licenseId: string; readonly revision: bigint };
