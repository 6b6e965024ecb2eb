using static FtpMount.Ftp.Transport.OpenSsl.LibSsl;

namespace FtpMount.Ftp.Transport.OpenSsl;

/// <summary>What OpenSSL's error queue says, as exceptions (<c>man 3ssl ERR_get_error</c>; reasons: <c>openssl/sslerr.h</c>).</summary>
internal static unsafe class OpenSslError
{
    // An alert from the other side is reported as 1000 and its number (RFC 8446 section 6).
    private const int Alert = 1000;
    private const int ReasonMask = 0x7FFFFF;

    /// <summary>Takes all that this thread's queue has.</summary>
    public static TlsException Take(string what)
    {
        var failure = TlsFailure.Other;
        var reason = "";
        while (ERR_get_error() is not 0 and var error)
        {
            var number = (int)(error & ReasonMask);
            var text = Text(ERR_reason_error_string(error));
            if (reason.Length == 0)
                reason = text.Length > 0 ? text : $"OpenSSL error {error:X}";
            failure = number switch
            {
                267 => TlsFailure.NotTls, // wrong version number
                // unsupported protocol, version too low; alert protocol_version
                258 or 396 or Alert + 70 => TlsFailure.Version,
                // alerts bad_certificate to unknown_ca, access_denied, certificate_required
                Alert + 42 or Alert + 43 or Alert + 44 or Alert + 45 or Alert + 46 or Alert + 48 or Alert + 49 or Alert + 116 => TlsFailure.ClientCertificate,
                _ => failure,
            };
        }

        return new TlsException(failure, reason.Length > 0 ? $"{what}: {reason}" : what);
    }
}
