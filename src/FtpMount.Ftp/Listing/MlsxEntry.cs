using FtpMount.Remote;

namespace FtpMount.Ftp.Listing;

/// <summary>One line of MLSD, or the line of MLST.</summary>
/// <param name="Type">What kind of line it is: the listed directory and those above are not entries of it.</param>
/// <param name="Entry">What it says. The name is the last segment of the path when the server gives a path; empty for the root.</param>
public readonly record struct MlsxEntry(MlsxType Type, RemoteEntry Entry);
