import type { Command } from '../message-shapes.ts';

/** Commands about devices. */
export type DeviceCommand =
  | Command<'Activate', Device>
  /** ADMIN in `by` is exempt from allowance and cooldown. */
  | Command<'Deactivate', { readonly device: DeviceName; readonly by: 'USER' | 'ADMIN' }>
  /** The holder replaces one device by another. */
  | Command<'SwapActivation', { readonly release: DeviceName; readonly activate: Device }>;

/** The name of a device: its fingerprint or the id of its activation. */
export type DeviceName = { readonly fingerprintHash: string } | { readonly activationId: string };

/** A device to activate. */
export type Device = {
  readonly activationId: string;
  readonly fingerprintHash: string;
  readonly product: string | null;
  readonly nameRef: string | null;
  readonly platform: string | null;
  readonly appVersion: string | null;
  /** Hashes of its components, by name: the policy's matching may recognize the device by them. */
  readonly components?: Readonly<Record<string, string>>;
  readonly userRef?: string;
  readonly environment?: string;
};
