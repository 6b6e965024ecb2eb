using System.Text.Json;
using System.Text.Json.Serialization;
using FtpMount.Service.Urls;

namespace FtpMount.Service;

/// <summary>Writes a URL in its escaped form, which carries names of any bytes; JSON text alone would not.</summary>
internal sealed class RemoteUrlJsonConverter : JsonConverter<RemoteUrl>
{
    public override RemoteUrl Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        RemoteUrl.Parse(reader.GetString() ?? throw new JsonException("A URL is null."));

    public override void Write(Utf8JsonWriter writer, RemoteUrl value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToStringWithPassword());
}
