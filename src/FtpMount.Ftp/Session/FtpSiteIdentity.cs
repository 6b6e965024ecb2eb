using FtpMount.Ftp.Control;

namespace FtpMount.Ftp.Session;

/// <summary>
/// By what a server is recognised: when any of it differs, what was learned may be of another server, or of another version or configuration of it, and is
/// forgotten.
/// </summary>
/// <param name="Greeting">The first line of the greeting, without its code. Further lines may tell the time and the number of users (Pure-FTPd).</param>
/// <param name="System">The reply to SYST: code and text.</param>
/// <param name="Features">All lines of the reply to FEAT, as they came.</param>
/// <param name="LoginFolder">The login folder, as PWD gave it.</param>
internal sealed record FtpSiteIdentity(string Greeting, string System, string Features, string LoginFolder)
{
    /// <summary>Puts together what a session was told.</summary>
    public static FtpSiteIdentity From(FtpReply greeting, FtpReply system, FtpReply features, string loginFolder) =>
        new(TextOf(greeting.FirstLine), TextOf(system.Bytes), TextOf(features.Bytes), loginFolder);

    /// <summary>Whether a greeting is this server's.</summary>
    public bool Greets(FtpReply greeting) => TextOf(greeting.FirstLine) == Greeting;

    /// <summary>The reply to FEAT.</summary>
    public FtpFeatures ParseFeatures() =>
        Features.Length >= 3 && int.TryParse(Features.AsSpan(0, 3), out var code)
            ? FtpFeatures.Parse(new FtpReply(new FtpReplyCode(code), global::System.Text.Encoding.Latin1.GetBytes(Features)))
            : FtpFeatures.None;

    /// <summary>What the server says it is, for people.</summary>
    public static string Describe(FtpReply greeting, FtpReply system) =>
        FtpReply.Printable(
            global::System.Text.Encoding.UTF8.GetString(greeting.FirstLine)
            + (system.Code.IsCompletion ? "; " + global::System.Text.Encoding.UTF8.GetString(system.FirstLine) : ""));

    /// <summary>Latin-1 gives every byte a character, so that nothing is lost.</summary>
    private static string TextOf(ReadOnlySpan<byte> bytes) => global::System.Text.Encoding.Latin1.GetString(bytes);
}
