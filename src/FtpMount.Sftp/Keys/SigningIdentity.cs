using Renci.SshNet.Security;

namespace FtpMount.Sftp.Keys;

/// <summary>One way to log in by a key: a public key or certificate, a signature algorithm, and what signs.</summary>
/// <param name="name">The name of the algorithm in the request (RFC 8332; for certificates with their suffix).</param>
/// <param name="publicKey">What the server is asked about.</param>
/// <param name="description">For people: where the key is.</param>
/// <param name="noteTried">Told when the server is asked about it.</param>
/// <param name="sign">Makes the signature.</param>
internal sealed class SigningIdentity(string name, SshPublicKey publicKey, string description, Action<string> noteTried, Func<byte[], byte[]> sign) : HostAlgorithm(name)
{
    /// <summary>For people: where the key is.</summary>
    public string Description => description;

    /// <inheritdoc/>
    public override byte[] Data
    {
        get
        {
            noteTried(description);
            return publicKey.Blob.ToArray();
        }
    }

    /// <inheritdoc/>
    public override byte[] Sign(byte[] data) => sign(data);

    /// <summary>Not for this side.</summary>
    public override bool VerifySignature(byte[] data, byte[] signature) => throw new NotSupportedException();
}
