using System.Text.Json;
using System.Text.Json.Serialization;
using FtpMount.Remote;

namespace FtpMount.Service;

/// <summary>Writes a secret as base64, so that bytes that are not UTF-8 arrive as they are.</summary>
internal sealed class SecretJsonConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => NameCodec.Utf8.Decode(reader.GetBytesFromBase64());

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteBase64StringValue(NameCodec.Utf8.Encode(value));
}
