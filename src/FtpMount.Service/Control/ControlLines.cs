using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FtpMount.Service.Control;

/// <summary>The framing of the control protocol: one JSON value a line, lines bounded.</summary>
internal static class ControlLines
{
    /// <summary>Enough for a list of ten thousand pending files; a peer that sends more is wrong.</summary>
    private const int LongestLine = 4 << 20;

    internal static async Task WriteAsync<T>(Stream stream, T value, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var line = new byte[json.Length + 1];
        json.CopyTo(line, 0);
        line[^1] = (byte)'\n';
        await stream.WriteAsync(line, cancellationToken);
    }

    /// <summary>Reads one value; null at the end of the stream.</summary>
    /// <exception cref="JsonException">The peer sent something else.</exception>
    internal static async Task<T?> ReadAsync<T>(LineBuffer buffer, Stream stream, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        ReadOnlyMemory<byte> line;
        while (!buffer.TryTakeLine(out line))
        {
            if (buffer.Length > LongestLine)
                throw new JsonException("The line is too long.");
            var count = await stream.ReadAsync(buffer.GetFree(), cancellationToken);
            if (count == 0)
                return null;
            buffer.Advance(count);
        }

        return JsonSerializer.Deserialize(line.Span, type);
    }
}
