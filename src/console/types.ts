import type { AnswerOf } from '@license-ledger/client';

/** A license as a list shows it. */
export type License = AnswerOf<'listLicenses'>['data'][number];

/** A license with its usage. */
export type LicenseWithUse = AnswerOf<'getLicense'>;

/** An event in the history of a license. */
export type LicenseEvent = AnswerOf<'licenseHistory'>['data'][number];

/** A device that is active on a license. */
export type Device = AnswerOf<'listActivations'>['data'][number];

/** A policy of the catalog in one version. */
export type Policy = AnswerOf<'getPolicy'>;

/** A product of the catalog. */
export type Product = AnswerOf<'getProduct'>;

/** A release of a product. */
export type Release = AnswerOf<'listReleases'>['data'][number];

/** An event of the feed. */
export type CloudEvent = AnswerOf<'listEvents'>['data'][number];

/** An API key without its secret. */
export type ApiKey = AnswerOf<'listApiKeys'>['data'][number];
