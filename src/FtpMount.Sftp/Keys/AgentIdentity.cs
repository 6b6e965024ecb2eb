namespace FtpMount.Sftp.Keys;

/// <summary>A key that an agent can sign with.</summary>
/// <param name="Key">The public key or certificate.</param>
/// <param name="Comment">What the agent calls it.</param>
internal sealed record AgentIdentity(SshPublicKey Key, string Comment);
