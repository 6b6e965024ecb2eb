using System.Text.Json;
using System.Text.Json.Serialization;
using FtpMount.Vfs;

namespace FtpMount.Service.Control;

/// <summary>Writes the states of pending files as docs/CONFIGURATION.md names them.</summary>
public sealed class UploadStateJsonConverter() : JsonStringEnumConverter<PendingUploadState>(JsonNamingPolicy.KebabCaseLower);
