using System.Buffers.Binary;
using System.Net.Sockets;

namespace FtpMount.Sftp.Keys;

/// <summary>
/// Talks to an SSH agent over its socket (draft-ietf-sshm-ssh-agent): which keys it has, and signatures by them. Each question has a connection of its own. Blocking,
/// because SSH.NET wants signatures from a blocking call.
/// </summary>
/// <param name="socketPath">The agent's socket.</param>
internal sealed class AgentClient(string socketPath)
{
    private const byte Failure = 5;
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;
    private const uint RsaSha256 = 2;
    private const uint RsaSha512 = 4;

    /// <summary>OpenSSH's limit.</summary>
    private const int LargestMessage = 256 << 10;

    private const int MostKeys = 2048;

    /// <summary>A key may want to be touched, or its use confirmed in a window.</summary>
    private static readonly TimeSpan SignPatience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The agent's socket.</summary>
    public string SocketPath => socketPath;

    /// <summary>The keys that it has.</summary>
    /// <exception cref="IOException">It cannot be reached or answers nonsense.</exception>
    public IReadOnlyList<AgentIdentity> List()
    {
        try
        {
            var reader = new SshWireReader(Ask([RequestIdentities], Patience));
            if (reader.ReadByte() != IdentitiesAnswer)
                throw new IOException($"The agent at {socketPath} does not list its keys");
            var count = reader.ReadUInt32();
            if (count > MostKeys)
                throw new IOException($"The agent at {socketPath} has too many keys");
            var identities = new List<AgentIdentity>();
            for (var i = 0; i < count; i++)
            {
                var blob = reader.ReadString();
                var comment = reader.ReadText();
                identities.Add(new AgentIdentity(SshPublicKey.FromBlob(blob), comment));
            }

            return identities;
        }
        catch (FormatException e)
        {
            throw new IOException($"The agent at {socketPath} answers nonsense: {e.Message}", e);
        }
    }

    /// <summary>Signs.</summary>
    /// <param name="key">One of <see cref="List"/>.</param>
    /// <param name="data">What.</param>
    /// <param name="algorithm">The signature algorithm, which for RSA keys names the hash.</param>
    /// <returns>The signature with its algorithm in front (RFC 4253 section 6.6).</returns>
    /// <exception cref="IOException">It does not, or cannot be reached.</exception>
    public byte[] Sign(SshPublicKey key, byte[] data, string algorithm)
    {
        var flags = algorithm switch { "rsa-sha2-512" => RsaSha512, "rsa-sha2-256" => RsaSha256, _ => 0u };
        var question = new SshWireWriter().WriteByte(SignRequest).WriteString(key.Blob).WriteString(data).WriteUInt32(flags).ToArray();
        try
        {
            var reader = new SshWireReader(Ask(question, SignPatience));
            return reader.ReadByte() switch
            {
                SignResponse => reader.ReadString().ToArray(),
                Failure => throw new IOException($"The agent at {socketPath} refuses to sign with {key}"),
                _ => throw new IOException($"The agent at {socketPath} answers nonsense"),
            };
        }
        catch (FormatException e)
        {
            throw new IOException($"The agent at {socketPath} answers nonsense: {e.Message}", e);
        }
    }

    private byte[] Ask(byte[] question, TimeSpan patience)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            {
                SendTimeout = (int)Patience.TotalMilliseconds,
                ReceiveTimeout = (int)patience.TotalMilliseconds,
            };
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            socket.Send([.. LengthOf(question), .. question]);
            var length = BinaryPrimitives.ReadUInt32BigEndian(Receive(socket, sizeof(uint)));
            return length is > 0 and <= LargestMessage ? Receive(socket, (int)length) : throw new IOException($"The agent at {socketPath} answers nonsense");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new IOException($"The agent at {socketPath} cannot be reached: {e.Message}", e);
        }
    }

    private static byte[] LengthOf(byte[] bytes)
    {
        var length = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)bytes.Length);
        return length;
    }

    private byte[] Receive(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var received = socket.Receive(bytes.AsSpan(done));
            done += received > 0 ? received : throw new IOException($"The agent at {socketPath} closed the connection");
        }

        return bytes;
    }
}
