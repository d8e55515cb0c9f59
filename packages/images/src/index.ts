export { createImages } from "./images.ts";
export { dockerConfigFromSecret, parseDockerConfig } from "./docker-config.ts";
export { IMAGES_ERROR_CODES, ImagesError, isImagesError } from "./errors.ts";
export { parseImageReference } from "./image-reference.ts";
export { lookUpCredentials } from "./keyring.ts";
export { createFileCredentials, listCredentialFiles } from "./node-credentials.ts";
export type { DockerConfig, DockerConfigEntry, DockerConfigFormat, PullSecret } from "./docker-config.ts";
export type { ImagesErrorCode, ImagesErrorDetails } from "./errors.ts";
export type { ImageReference, ParsedImageReference } from "./image-reference.ts";
export type { EnsuredImage, EnsureImageRequest, Images, PullPolicy } from "./request.ts";
export type { CredentialDirectories, CredentialFile } from "./node-credentials.ts";
export type { ImagesOptions } from "./options.ts";
export type {
  CredentialPort,
  EventPort,
  ImageEvent,
  ImagePort,
  ImageSpec,
  ImagesPorts,
  InspectedImage,
  PullRequest,
  RegistryAuth,
} from "./ports.ts";
