using FtpMount.Ftp.Control;
using FtpMount.Ftp.Metadata;
using FtpMount.Ftp.Session;
using FtpMount.Remote;

namespace FtpMount.Ftp;

/// <content>
/// Checksums of files on the server: HASH (draft-bryan-ftp-hash), whose algorithm OPTS chooses for the session, and the older XSHA256, XSHA1, XSHA, XMD5, XCRC and
/// MD5, which have one each.
/// </content>
public sealed partial class FtpFileSystem
{
    /// <inheritdoc/>
    public IReadOnlyList<ChecksumAlgorithm> Checksums
    {
        get
        {
            var result = new List<ChecksumAlgorithm>(4);
            foreach (var algorithm in Enum.GetValues<ChecksumAlgorithm>())
            {
                if (HashOffers(algorithm) || ChecksumVerbs(algorithm).Any(verb => verb.Support == FtpSupport.Yes))
                    result.Add(algorithm);
            }

            return result;
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> GetChecksumAsync(
        RemotePath path, ChecksumAlgorithm algorithm, long size, Lane lane, CancellationToken cancellationToken) =>
        _pool.RunAsync(lane, repeatable: true, (connection, token) => GetChecksumAsync(connection, path, algorithm, size, token), cancellationToken);

    private async ValueTask<ReadOnlyMemory<byte>> GetChecksumAsync(
        FtpConnection connection, RemotePath path, ChecksumAlgorithm algorithm, long size, CancellationToken cancellationToken)
    {
        const string What = "The checksum of";
        if (HashOffers(algorithm) && await ChooseHashAsync(connection, algorithm, cancellationToken))
        {
            var reply = await connection.ExchangeAsync(_site.Command("HASH", path), PatienceFor(size), cancellationToken);
            if (reply.Code.IsUnknownCommand)
                _site.Hash = FtpSupport.No;
            else
                return await ReadAsync(reply, ChecksumReply.TryParseHash(reply, algorithm, out var hash) ? hash : null);
        }

        foreach (var (verb, support, learn) in ChecksumVerbs(algorithm))
        {
            if (support != FtpSupport.Yes)
                continue;
            // ProFTPD, Serv-U and others take what follows a space for a range unless the name is in quotes.
            var name = path.Value;
            if (name.Contains('"', StringComparison.Ordinal) || !await connection.CanNameInBurstAsync(path, cancellationToken))
                continue;
            var argument = name.Contains(' ', StringComparison.Ordinal) ? "\"" + name + "\"" : name;
            var reply = await connection.ExchangeAsync(new FtpCommand(verb, _site.Codec.Encode(argument)), PatienceFor(size), cancellationToken);
            if (reply.Code.IsUnknownCommand)
                learn(FtpSupport.No);
            else
                return await ReadAsync(reply, ChecksumReply.TryParse(reply, algorithm, out var value) ? value : null);
        }

        throw FtpErrorMapping.Failure(RemoteError.Unsupported, What, path, null);

        async ValueTask<ReadOnlyMemory<byte>> ReadAsync(FtpReply reply, byte[]? value)
        {
            if (value is not null)
                return value;
            if (!reply.Code.IsNegative || reply.Code == FtpReplyCode.BadParameters)
                throw FtpErrorMapping.Failure(reply.Code.IsNegative ? RemoteError.Unsupported : RemoteError.ProtocolViolation, What, path, reply);
            throw await RefusalAsync(connection, What, path, reply, FtpPathState.Directory, RemoteError.IsADirectory, cancellationToken);
        }
    }

    private static async ValueTask<bool> ChooseHashAsync(FtpConnection connection, ChecksumAlgorithm algorithm, CancellationToken cancellationToken)
    {
        var name = HashName(algorithm);
        if (connection.HashAlgorithm == name)
            return true;
        var reply = await connection.ExchangeAsync(new FtpCommand("OPTS", "HASH " + name), cancellationToken);
        connection.HashAlgorithm = reply.Code.IsCompletion ? name : null;
        return reply.Code.IsCompletion;
    }

    /// <summary>Whether FEAT names the algorithm: <c>HASH SHA-256;SHA-1*;MD5;CRC32</c>.</summary>
    private bool HashOffers(ChecksumAlgorithm algorithm) =>
        _site.Hash == FtpSupport.Yes
        && _site.Features!.ParametersOf("HASH").Split(';', StringSplitOptions.TrimEntries).Any(name => name.TrimEnd('*').Equals(HashName(algorithm), StringComparison.OrdinalIgnoreCase));

    /// <summary>IANA's textual names of hash functions, as the draft asks for.</summary>
    private static string HashName(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Sha256 => "SHA-256",
        ChecksumAlgorithm.Sha1 => "SHA-1",
        ChecksumAlgorithm.Md5 => "MD5",
        _ => "CRC32",
    };

    private (string Verb, FtpSupport Support, Action<FtpSupport> Learn)[] ChecksumVerbs(ChecksumAlgorithm algorithm) => algorithm switch
    {
        ChecksumAlgorithm.Sha256 => [("XSHA256", _site.Xsha256, value => _site.Xsha256 = value)],
        ChecksumAlgorithm.Sha1 => [("XSHA1", _site.Xsha1, value => _site.Xsha1 = value), ("XSHA", _site.Xsha, value => _site.Xsha = value)],
        ChecksumAlgorithm.Md5 => [("XMD5", _site.Xmd5, value => _site.Xmd5 = value), ("MD5", _site.Md5, value => _site.Md5 = value)],
        _ => [("XCRC", _site.Xcrc, value => _site.Xcrc = value)],
    };
}
