using FtpMount.Sftp.Configuration;
using FtpMount.Sftp.HostKeys;
using FtpMount.Sftp.Keys;

namespace FtpMount.Sftp.Transport.BuiltIn;

/// <summary>What is kept of one host from one connection to the next: a person is asked about its key and for passphrases once.</summary>
/// <param name="Configuration">How it is reached.</param>
/// <param name="Verifier">What judges its key.</param>
/// <param name="Identities">The key files for it.</param>
/// <param name="Certificates">The certificates for it.</param>
/// <param name="IdentitiesOnly">Of the agent's keys only those of the files.</param>
/// <param name="Password">The password; null when none was given.</param>
internal sealed record HostState(
    SshHostConfiguration Configuration,
    HostKeyVerifier Verifier,
    IReadOnlyList<IdentityFile> Identities,
    IReadOnlyList<SshPublicKey> Certificates,
    bool IdentitiesOnly,
    string? Password);
