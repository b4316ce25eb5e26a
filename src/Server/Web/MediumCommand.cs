namespace QemuZeroCopy.Server.Web;

/// <summary>A medium to take out or to put in.</summary>
/// <param name="Drive">The drive's id.</param>
/// <param name="File">Name of the file to put in; null ejects.</param>
/// <param name="Force">Whether to eject what the guest holds on to.</param>
internal sealed record MediumCommand(string Drive, string? File, bool Force);
