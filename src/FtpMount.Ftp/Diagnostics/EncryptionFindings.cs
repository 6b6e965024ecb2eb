using FtpMount.Ftp.Session;
using FtpMount.Remote.Diagnostics;

namespace FtpMount.Ftp.Diagnostics;

/// <summary>How the session is protected.</summary>
internal static class EncryptionFindings
{
    public static void Add(SectionBuilder section, ExaminedServer server, SessionWatch watch, string? encryption)
    {
        if (watch.TimeOf(FtpSessionStep.Secured) is { } time)
        {
            section.Works("Encryption", encryption ?? "TLS", time);
            return;
        }

        section.Partly(
            "Encryption",
            server.Options.Tls.Mode == FtpTlsMode.Off ? "none, as the option tls=off says" : "none, the server offers no TLS",
            "Name, password and content can be read and changed on the way.");
    }
}
