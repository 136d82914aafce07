// Package temporal pins the Temporal CLI that Holdfast builds on machines without a download.
package temporal
